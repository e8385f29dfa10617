-- wrk's load: POST one event of KEY TYPE PAYLOAD_BYTES a request. The last line of its output is JSON.
function init(args)
  local pad = tonumber(args[3]) - string.len('{"pad":""}')
  wrk.method = "POST"
  wrk.body = '{"type":"' .. args[2] .. '","payload":{"pad":"' .. string.rep("x", pad) .. '"}}'
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
  -- Built once: the generator shares the machine with what it measures.
  local request_bytes = wrk.format()
  request = function() return request_bytes end
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"completed":%d,"failed":%d,"seconds":%.6f,"answer_p50_ms":%.3f,"answer_p99_ms":%.3f}\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
