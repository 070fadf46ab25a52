// Any bytes as what a client sends: in pieces of any size they are the same requests, the same
// refusal and the same rest as at once; what is read is made of bytes that were sent.
//
// The first byte chooses the sizes of the pieces, whether bodies are kept, and whether those that
// are not are passed over unread.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.hpp"
#include "gateway/ingress/request_reader.hpp"

namespace {

using namespace gateway;
using namespace gateway::ingress;
using fuzz::require;
using Step = RequestReader::Step;

constexpr std::size_t kMaxBody = 4096;

// So that the reads behind a body are made.
volatile char padding_read;

struct Outcome {
  std::vector<std::string> requests;
  unsigned status = 0;  // of the refusal
  bool idle = false;
};

// All that a request says; takes it apart, so that every stretch is looked at.
std::string describe(const Request& request) {
  const auto inside = [&request](const http::Slice& stretch) {
    require(
        stretch.length == 0 || std::size_t{stretch.offset} + stretch.length <= request.bytes.size(),
        "a stretch lies in the request's bytes");
    return stretch.in(request.bytes.data());
  };
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += part;
    text += '\n';
  };
  const RequestHead& head = request.head;
  for (const bool flag : {head.keep_alive, head.chunked, head.expects_continue})
    text += flag ? '1' : '0';
  add(std::to_string(static_cast<int>(head.method)) + ' ' +
      std::to_string(static_cast<int>(head.kind)) + ' ' + std::to_string(head.content_length));
  add(inside(request.content_type));
  add(inside(request.webhook_origin));
  for (const auto& field : request.event_fields) add(inside(field));
  require(request.event_fields.size() % 2 == 0, "names and values come in pairs");
  require(request.body.length <= kMaxBody, "a body stays below its limit");
  if (!head.chunked) {
    require(request.body.length == head.content_length, "a body is as long as it was said to be");
  }
  const std::string_view body = inside(request.body);
  add(body);
  for (std::size_t i = 0; i < BufferPool::kPadding; ++i)
    padding_read = body.data()[body.size() + i];
  return text;
}

Outcome read(std::string_view input, std::uint8_t choice, bool in_pieces) {
  BufferPool pool(std::size_t{64} << 10);
  RequestReader reader(pool, kMaxBody);
  Outcome outcome;
  std::vector<Request> kept;
  std::vector<std::string> bodies;
  std::size_t bodies_seen = 0;
  unsigned random = choice;

  const auto run = [&] {
    for (;;) {
      switch (reader.next()) {
        case Step::need_more: return true;
        case Step::head:
          // As the connection does: what is announced larger than allowed is never kept.
          if (reader.head().content_length > kMaxBody) {
            outcome.status = 413;
            return false;
          }
          if ((choice & 1) != 0 && ++bodies_seen % 2 == 0) {
            reader.skip_body();
          } else {
            reader.keep_body();
          }
          break;
        case Step::request:
          kept.push_back(reader.take());
          bodies.emplace_back(kept.back().body_text());
          break;
        case Step::skipped: outcome.requests.emplace_back("skipped"); break;
        case Step::bad:
          outcome.status = reader.problem().status();
          require(outcome.status >= 400 && !reader.problem().reason().empty(),
                  "a refusal says why");
          return false;
      }
    }
  };
  bool good = true;
  while (good && !input.empty()) {
    const std::size_t unwanted = std::min<std::size_t>(reader.to_pass_over(), input.size());
    if ((choice & 4) != 0 && unwanted != 0) {
      input.remove_prefix(unwanted);
      reader.passed_over(unwanted);
      good = run();
      continue;
    }
    const auto room = reader.prepare();
    require(!room.empty(), "there is room for a byte");
    std::size_t size = std::min(room.size(), input.size());
    if (in_pieces) {
      random = random * 1664525 + 1013904223;
      const std::size_t most = (choice & 2) != 0 ? 3 : 50;
      size = std::min<std::size_t>(size, 1 + (random >> 16) % most);
    }
    std::memcpy(room.data(), input.data(), size);
    input.remove_prefix(size);
    reader.commit(size);
    good = run();
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    require(kept[i].body_text() == bodies[i], "a request keeps its bytes");
    outcome.requests.push_back(describe(kept[i]));
  }
  outcome.idle = good && reader.idle();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome at_once = read(input, data[0], false);
  const Outcome in_pieces = read(input, data[0], true);
  require(at_once.requests == in_pieces.requests, "the same requests in pieces");
  require((at_once.status == 0) == (in_pieces.status == 0), "the same verdict in pieces");
  // A chunked body that is both too large and malformed is either, whichever is seen first.
  const auto of_body = [](unsigned status) { return status == 400 || status == 413; };
  require(
      at_once.status == in_pieces.status || (of_body(at_once.status) && of_body(in_pieces.status)),
      "the same reason in pieces");
  require(at_once.idle == in_pieces.idle, "the same rest in pieces");
  return 0;
}
