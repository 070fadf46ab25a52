// Any bytes as what an eventbus sends: in pieces of any size they are the same answers and the same
// end as at once, and a reader that knows the heads from before hears the same again.
//
// The first byte chooses the sizes of the pieces.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.hpp"
#include "gateway/http/response_reader.hpp"
#include "gateway/http/retry_after.hpp"

namespace {

using namespace gateway::egress;
using gateway::fuzz::require;
using Step = ResponseReader::Step;

struct Outcome {
  std::vector<std::string> answers;
  std::string refusal;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void add(Outcome& outcome, const Response& response) {
  require(response.status >= 200 && response.status < 1000, "a final answer");
  require(response.excerpt.size() <= ResponseReader::kExcerpt, "an excerpt is short");
  require(response.status >= 300 || response.excerpt.empty(), "no excerpt of a success");
  static_cast<void>(parse_retry_after(response.retry_after, {}));
  outcome.answers.push_back(std::to_string(response.status) + (response.close ? " close " : " ") +
                            response.retry_after + '\n' + response.excerpt);
}

// `most`: the largest piece; 0: all at once.
Outcome hear(ResponseReader& reader, std::string_view input, std::size_t most, unsigned random) {
  Outcome outcome;
  while (!input.empty()) {
    random = random * 1664525 + 1013904223;
    const std::size_t size =
        most == 0 ? input.size() : std::min<std::size_t>(input.size(), 1 + (random >> 16) % most);
    // In memory of its own, so that every look beyond it is noticed.
    const auto owned = std::make_unique<char[]>(size);
    std::copy_n(input.data(), size, owned.get());
    input.remove_prefix(size);
    std::string_view piece(owned.get(), size);
    for (Step step = Step::response; step != Step::need_more;) {
      const std::size_t before = piece.size();
      step = reader.next(piece);
      require(piece.size() <= before, "bytes are taken, not given");
      if (step == Step::response) add(outcome, reader.response());
      if (step == Step::bad) {
        outcome.refusal = reader.reason();
        require(!outcome.refusal.empty(), "a refusal says why");
        return outcome;
      }
    }
    require(piece.empty(), "what is given is taken");
  }
  const bool in_message = reader.in_message();
  switch (reader.end()) {
    case Step::response:
      require(in_message && reader.response().close, "an answer that the end ends says so");
      add(outcome, reader.response());
      break;
    case Step::bad:
      require(in_message, "nothing is missing outside of an answer");
      outcome.refusal = reader.reason();
      break;
    case Step::need_more:
      require(!in_message, "an answer that has begun is given or missed");
      break;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseReader reader;
  const Outcome at_once = hear(reader, input, 0, 0);
  ResponseReader slow;
  require(hear(slow, input, data[0] % 64 + 1, data[0]) == at_once, "the same answers in pieces");
  reader.reset();
  require(hear(reader, input, 0, 0) == at_once, "the same answers again");
  reader.reset();
  require(hear(reader, input, 1, 0) == at_once, "the same answers again, byte by byte");
  return 0;
}
