#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "load/gateway_under_test.hpp"
#include "micro/payloads.hpp"
#include "process/callgrind.hpp"
#include "testkit/bus.hpp"
#include "testkit/guarded.hpp"
#include "testkit/load.hpp"
#include "testkit/text_file.hpp"
#include "testkit/turns.hpp"

namespace gateway::instructions {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::chrono::minutes kLimit{10};
// Fewer posts suffice when posts are longer.
constexpr std::uint64_t kRecordsToCount = 4000;
constexpr std::uint64_t kLeastPosts = 100;

struct Load {
  std::size_t records_per_post = 1;
  unsigned connections = 16;
  std::uint64_t posts = 1000;
};

struct Counted {
  load::GatewaySpec gateway;
  load::GatewaySettings settings;
};

// Posts the same payload a given number of times, as fast as answers come.
class SamePosts final : public test::PostSource {
 public:
  SamePosts(const std::string& body, std::size_t records, std::uint64_t count)
      : post_(test::make_post("cos-gateway-bench", "/", body, records)), left_(count) {}
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

// Returns the instructions of a whole run.
double instructions_of(const Counted& counted, const Load& load) {
  test::Poller poller;
  // Other gateways are counted as well.
  test::Bus eventbus(poller, {.grammar = test::Grammar::lenient}, nullptr);
  const bench::Callgrind callgrind;
  load::GatewaySpec spec = counted.gateway;
  spec.under = callgrind.words();
  load::GatewayUnderTest gateway(spec, counted.settings, eventbus.port(), {});

  const std::size_t records = load.records_per_post;
  SamePosts source(micro::post_of(micro::Form::older, records), records, load.posts);
  test::Load posts(
      poller,
      {.target = gateway.address(), .connections = load.connections, .connect_for_posts = true},
      source);
  test::Turns turns(poller, {&posts, &eventbus});
  posts.start(steady_clock::now());
  turns.wait(steady_clock::now() + kLimit, [&] { return posts.done(); });
  if (posts.totals().posts != load.posts) {
    throw std::runtime_error(fmt::format("{} of {} posts were acknowledged; one was answered {}",
                                         posts.totals().posts, load.posts, source.problem()));
  }
  gateway.stop();
  return callgrind.total();
}

// Returns the user instructions of a gateway per post, counted by callgrind: the difference between
// a run of 2N posts and one of N, which cancels start and stop. Every post must be answered 200.
// The number of posts that meet in a loop turn varies, so that the count repeats within some tenths
// of a percent. Records have 899 bytes. Throws std::runtime_error.
double instructions_per_post(const Counted& counted, const Load& load) {
  Load twice = load;
  twice.posts *= 2;
  const double difference = instructions_of(counted, twice) - instructions_of(counted, load);
  return difference / static_cast<double>(load.posts);
}

int count(int argc, char** argv) {
  std::string program;
  bool many_entries = false;
  std::vector<std::string> others;
  std::vector<std::size_t> records{1, 10, 100};
  Load work;
  std::string output;
  CLI::App app("Counts the user instructions a gateway takes for a post, by callgrind");
  auto* const own = app.add_option("--program", program, "The cos-gateway to count");
  app.add_flag("--many-entries", many_entries, "Also with a hundred entries of `buckets`")
      ->needs(own);
  app.add_option("--gateway", others, "Another: NAME=COMMAND with {port} and {sink}");
  app.add_option("--records", records, "Records in a post")->delimiter(',')->capture_default_str();
  app.add_option("--connections", work.connections, "Posting at once")->capture_default_str();
  app.add_option("-o,--output", output, "Write JSON to this file");
  CLI11_PARSE(app, argc, argv);
  std::vector<Counted> all;
  if (!program.empty()) {
    Counted product;
    product.gateway.name = "cos-gateway";
    product.gateway.program = program;
    all.push_back(product);
    product.gateway.name += ", hundred entries";
    product.settings.more = load::many_entries(micro::kBucketHost);
    if (many_entries) all.push_back(product);
  }
  for (const std::string& text : others) all.push_back({load::named_gateway(text, "gateway"), {}});
  json::array counts;
  for (const Counted& counted : all) {
    const std::string& name = counted.gateway.name;
    for (const std::size_t n : records) {
      work.records_per_post = n;
      work.posts = std::max(kLeastPosts, kRecordsToCount / std::max<std::uint64_t>(n, 1));
      const double per_post = instructions_per_post(counted, work);
      fmt::print("{}: {:.0f} instructions for a post of {}, {:.0f} a record\n", name, per_post, n,
                 per_post / static_cast<double>(n));
      std::fflush(stdout);
      counts.push_back({{"gateway", name},
                        {"records_per_post", n},
                        {"connections", work.connections},
                        {"per_post", per_post}});
    }
  }
  if (output.empty()) return 0;
  test::write_text(output, json::serialize(json::object{{"counts", std::move(counts)}}) + '\n');
  return 0;
}

}  // namespace
}  // namespace gateway::instructions

int main(int argc, char** argv) {
  return gateway::test::guarded("count-instructions",
                                [&] { return gateway::instructions::count(argc, argv); });
}
