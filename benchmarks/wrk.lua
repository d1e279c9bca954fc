-- Sends requests that were written beforehand, each once: wrk ... -s wrk.lua URL -- FILE SIZE FIRST
-- All have the same size. What came back is printed as JSON, times in microseconds.

local file, size

function init(arguments)
  file = io.open(arguments[1], "rb")
  size = tonumber(arguments[2])
  file:seek("set", size * tonumber(arguments[3]))
end

function request()
  local text = file:read(size)
  if not text then
    file:seek("set")
    text = file:read(size)
  end
  return text
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "refused": %d, "broken": %d, "late": %d, "microseconds": %d, "p50": %d, "p99": %d}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99)
  ))
end
