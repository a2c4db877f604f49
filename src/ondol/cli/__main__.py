from ondol.cli.main import run

run()
