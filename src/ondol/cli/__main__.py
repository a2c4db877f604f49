from ondol.cli.entry import run

run()
