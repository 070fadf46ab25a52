-- A proxied subrequest per record: nginx's own HTTP client with its pool of kept-alive connections.
local cos = require "cos"

local M = {}

-- Subrequests in flight per post. All at once would open as many connections as there are records.
local in_flight = 32

function M.serve()
  local bodies = cos.records()
  if not bodies then return end
  local time = cos.time()
  local all_accepted = true
  for first = 1, #bodies, in_flight do
    local requests = {}
    for i = first, math.min(first + in_flight - 1, #bodies) do
      requests[#requests + 1] = { "/event", {
        method = ngx.HTTP_POST,
        body = bodies[i],
        vars = { ce_id = cos.uuid(), ce_time = time },
      } }
    end
    for _, answer in ipairs({ ngx.location.capture_multi(requests) }) do
      if answer.status < 200 or answer.status > 299 then all_accepted = false end
    end
    if not all_accepted then break end
  end
  cos.done(#bodies, all_accepted)
end

return M
