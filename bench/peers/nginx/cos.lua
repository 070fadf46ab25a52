-- What both variants share: reading a post, naming an event, answering.
local cjson = require "cjson.safe"

local M = {}

local random, format = math.random, string.format

-- LuaJIT's generator starts from the same state in every process.
function M.seed()
  local file = assert(io.open("/dev/urandom", "rb"))
  local seed = 0
  for _, byte in ipairs({ file:read(6):byte(1, 6) }) do seed = seed * 256 + byte end
  file:close()
  math.randomseed(seed)
end

-- A version 4 UUID.
function M.uuid()
  return format("%08x-%04x-4%03x-%04x-%04x%08x",
    random(0, 0xffffffff), random(0, 0xffff), random(0, 0xfff),
    random(0x8000, 0xbfff), random(0, 0xffff), random(0, 0xffffffff))
end

-- RFC 3339 from the clock that nginx keeps.
function M.time()
  local now = ngx.now()
  return format("%s.%03dZ", os.date("!%Y-%m-%dT%H:%M:%S", now), (now % 1) * 1000)
end

function M.answer(status, text)
  ngx.status = status
  ngx.header.content_type = "application/json"
  ngx.header.content_length = #text
  ngx.print(text)
end

-- The records of the post, each encoded again; nil once the post has been refused.
function M.records()
  ngx.req.read_body()
  local post = cjson.decode(ngx.req.get_body_data() or "")
  local records = type(post) == "table" and post.Records
  if type(records) ~= "table" then
    M.answer(400, '{"error":"no Records"}')
    return nil
  end
  local bodies = {}
  for i, record in ipairs(records) do
    if type(record) ~= "table" then
      M.answer(400, '{"error":"a record is no object"}')
      return nil
    end
    bodies[i] = cjson.encode(record)
  end
  return bodies
end

-- The answer to a post of `count` records.
function M.done(count, all_accepted)
  if all_accepted then
    M.answer(200, '{"records":' .. count .. '}')
  else
    M.answer(502, '{"error":"not every record was accepted"}')
  end
end

return M
