#include "instructions/post_count.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "load/turns.hpp"
#include "micro/payloads.hpp"
#include "process/callgrind.hpp"
#include "testkit/bus.hpp"
#include "testkit/load.hpp"

namespace gateway::instructions {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kLimit{10};

// Posts the same payload a given number of times, as fast as answers come.
class SamePosts final : public test::PostSource {
 public:
  SamePosts(const std::string& body, std::uint64_t count) : left_(count) {
    post_.wire = fmt::format(
        "POST / HTTP/1.1\r\nHost: cos-gateway-bench\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
  }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  const test::Post* next() override {
    if (left_ == 0) return nullptr;
    --left_;
    return &post_;
  }
  bool ended(const test::Post& /*post*/, unsigned status, std::string_view text) override {
    if (status != 200) problem_ = fmt::format("{} {}", status, text);
    return false;
  }

  test::Post post_;
  std::uint64_t left_;
  std::string problem_;
};

double instructions_of(load::GatewaySpec spec, const load::GatewaySettings& settings,
                       const Load& load) {
  test::Poller poller;
  test::Bus::Settings lenient;
  lenient.grammar = test::Grammar::lenient;  // other gateways are counted as well
  test::Bus eventbus(poller, lenient, nullptr);
  const bench::Callgrind callgrind;
  spec.under = callgrind.words();
  load::GatewayUnderTest gateway(spec, settings, eventbus.port(), {});

  SamePosts source(micro::post_of(micro::Form::older, load.records_per_post), load.posts);
  test::LoadSettings posting;
  posting.target = test::address_of(gateway.host(), gateway.port());
  posting.connections = load.connections;
  posting.connect_for_posts = true;
  test::Load posts(poller, posting, source);
  load::Turns turns(poller, {&posts, &eventbus});
  posts.start(steady_clock::now());
  turns.wait(steady_clock::now() + kLimit, [&] { return posts.done(); });
  if (posts.totals().posts != load.posts) {
    throw std::runtime_error(fmt::format("{} of {} posts were acknowledged; one was answered {}",
                                         posts.totals().posts, load.posts, source.problem()));
  }
  gateway.stop();
  return callgrind.total();
}

}  // namespace

double instructions_per_post(const load::GatewaySpec& gateway,
                             const load::GatewaySettings& settings, const Load& load) {
  Load twice = load;
  twice.posts *= 2;
  const double difference =
      instructions_of(gateway, settings, twice) - instructions_of(gateway, settings, load);
  return difference / static_cast<double>(load.posts);
}

}  // namespace gateway::instructions
