-- Every record of a post written at once to one pooled connection, then as many answers read.
local cos = require "cos"

local M = {}

-- Requests on the way before answers are read: were there no end to them, both sides could fill up
-- and each wait for the other to read.
local window = 256

-- Reads one answer; its status, or nil when the connection is of no further use.
local function read_answer(socket)
  local line = socket:receive()
  local status = line and tonumber(line:match("^HTTP/1%.1 (%d%d%d)"))
  if not status then return nil end
  local length, chunked, closes = 0, false, false
  while true do
    line = socket:receive()
    if not line then return nil end
    if line == "" then break end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    name = name and name:lower()
    if name == "content-length" then
      length = tonumber(value)
    elseif name == "transfer-encoding" then
      chunked = true
    elseif name == "connection" and value:lower() == "close" then
      closes = true
    end
  end
  if chunked then
    repeat
      line = socket:receive()
      local size = line and tonumber(line:match("^%x+"), 16)
      if not size or not socket:receive(size) or not socket:receive(2) then return nil end
    until size == 0
  elseif length > 0 and not socket:receive(length) then
    return nil
  end
  return status, closes
end

-- Sends bodies[first..last] and reads their answers: whether all were accepted, whether the
-- connection may be used again.
local function exchange(socket, bodies, first, last)
  local head = "POST /gateway/bus HTTP/1.1\r\nHost: sink\r\nContent-Type: application/json\r\n"
    .. "ce-specversion: 1.0\r\nce-source: cos-gateway\r\nce-type: tencent-cloud-cos-event\r\n"
    .. "ce-time: " .. cos.time() .. "\r\nce-id: "
  local parts, n = {}, 0
  for i = first, last do
    local body = bodies[i]
    parts[n + 1] = head
    parts[n + 2] = cos.uuid()
    parts[n + 3] = "\r\nContent-Length: "
    parts[n + 4] = #body
    parts[n + 5] = "\r\n\r\n"
    parts[n + 6] = body
    n = n + 6
  end
  if not socket:send(parts) then return false, false end
  local all_accepted = true
  for i = first, last do
    local status, closes = read_answer(socket)
    if not status then return false, false end
    if status < 200 or status > 299 then all_accepted = false end
    if closes then return all_accepted and i == last, false end
  end
  return all_accepted, true
end

function M.serve()
  local bodies = cos.records()
  if not bodies then return end
  if #bodies == 0 then return cos.done(0, true) end
  local socket = ngx.socket.tcp()
  socket:settimeouts(5000, 10000, 10000)
  if not socket:connect(ngx.var.sink_host, tonumber(ngx.var.sink_port)) then
    return cos.done(#bodies, false)
  end
  local all_accepted, reusable
  for first = 1, #bodies, window do
    all_accepted, reusable = exchange(socket, bodies, first, math.min(first + window - 1, #bodies))
    if not all_accepted or not reusable then
      all_accepted = all_accepted and first + window > #bodies
      break
    end
  end
  if reusable then socket:setkeepalive(60000, 512) else socket:close() end
  cos.done(#bodies, all_accepted)
end

return M
