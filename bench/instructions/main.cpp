#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "instructions/post_count.hpp"
#include "load/bucket_entries.hpp"
#include "micro/payloads.hpp"
#include "testkit/text_file.hpp"

namespace {

namespace json = boost::json;
namespace load = gateway::load;

// Fewer posts suffice when posts are longer.
constexpr std::uint64_t kRecordsToCount = 4000;
constexpr std::uint64_t kLeastPosts = 100;

struct Counted {
  load::GatewaySpec gateway;
  load::GatewaySettings settings;
};

Counted product(const std::string& path) {
  Counted counted;
  counted.gateway.name = "cos-gateway";
  counted.gateway.program = path;
  return counted;
}

Counted with_many_entries(Counted counted) {
  counted.gateway.name += ", hundred entries";
  counted.settings.more = load::many_entries(gateway::micro::kBucketHost);
  return counted;
}

}  // namespace

int main(int argc, char** argv) {
  std::string program;
  bool many_entries = false;
  std::vector<std::string> others;
  std::vector<std::size_t> records{1, 10, 100};
  gateway::instructions::Load work;
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
  try {
    std::vector<Counted> all;
    if (!program.empty()) all.push_back(product(program));
    if (many_entries) all.push_back(with_many_entries(product(program)));
    for (const std::string& text : others) {
      all.push_back({load::named_gateway(text, "gateway"), {}});
    }
    json::array counts;
    for (const auto& [spec, settings] : all) {
      for (const std::size_t n : records) {
        work.records_per_post = n;
        work.posts = std::max(kLeastPosts, kRecordsToCount / std::max<std::uint64_t>(n, 1));
        const double per_post = gateway::instructions::instructions_per_post(spec, settings, work);
        fmt::print("{}: {:.0f} instructions for a post of {}, {:.0f} a record\n", spec.name,
                   per_post, n, per_post / static_cast<double>(n));
        std::fflush(stdout);
        counts.push_back({{"gateway", spec.name},
                          {"records_per_post", n},
                          {"connections", work.connections},
                          {"per_post", per_post}});
      }
    }
    if (output.empty()) return 0;
    gateway::test::write_text(output,
                              json::serialize(json::object{{"counts", std::move(counts)}}) + '\n');
  } catch (const std::exception& error) {
    fmt::print(stderr, "count-instructions: {}\n", error.what());
    return 70;
  }
}
