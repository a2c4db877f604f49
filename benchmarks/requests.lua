-- Sends the requests of a file in turn (each: method, path, body, separated by tabs) with the headers of another, and
-- counts the answers that are not 2xx.
local requests, headers = {}, {}
for line in io.lines(os.getenv("BENCHMARK_HEADERS")) do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
end
for line in io.lines(os.getenv("BENCHMARK_REQUESTS")) do
    local method, path, body = line:match("^(.-)\t(.-)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
end
local turn = 0

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\n",
        summary.requests,
        summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50),
        latency:percentile(99)))
end
