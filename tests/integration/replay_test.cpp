#include "gateway/replay/replayer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "events/cloud_event.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/scripted_http_server.hpp"
#include "testkit/eventually.hpp"
#include "unit/gateway/egress/store/support.hpp"

// Stored events sent again: real store files, a scripted eventbus, the product's own egress.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::Sequence;
using egress::StoredEvent;
using egress::StoredRow;
using egress::StoreKind;
using egress::test::all_rows;
using egress::test::Directory;
using egress::test::kAdded;
using egress::test::kMiB;
using replay::Replayer;
using replay::ReplayOptions;
using replay::ReplayResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string name(int n) {
  return fmt::format("id-{}", n);
}
std::string data(int n) {
  const std::string_view bucket = n % 2 == 0 ? "even" : "odd";
  return fmt::format(
      R"({{"cos":{{"cosObject":{{"key":"/1250000000/{}/photos/{}.jpg"}},)"
      R"("cosBucket":{{"name":"{}","appid":"1250000000"}}}},"n":{},"text":"\u00e9 {}"}})",
      bucket, n, bucket, n, std::string(200, 'x'));
}

StoredEvent stored(int n) {
  StoredEvent event;
  event.json = fmt::format(
      R"({{"specversion":"1.0","id":"{}","source":"relay","type":"{}",)"
      R"("time":"2026-01-02T03:04:05.{:03}Z","datacontenttype":"application/json","data":{}}})",
      name(n), "tencent-cloud-cos-event", n % 1000, data(n));
  return event;
}

StoredEvent dead(int n, std::string_view reason) {
  StoredEvent event = stored(n);
  auto& details = event.details.emplace();
  details.attempts = 1;
  details.status = 422;
  details.body = "no";
  details.reason = reason;
  details.endpoint = "http://bus";
  details.first = details.last = kAdded;
  return event;
}

std::vector<std::string> arrived(const ScriptedEventbus& bus) {
  std::vector<std::string> ids;
  for (const Request& request : bus.requests()) {
    if (request.accepted()) ids.push_back(request.id());
  }
  return ids;
}

class Replay : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<EventStore> owner(StoreKind kind) const {
    return egress::test::open(directory_.file(), 64 * kMiB, kind);
  }
  void spool(int count) const {
    std::vector<StoredEvent> events;
    for (int n = 0; n < count; ++n) events.push_back(stored(n));
    ASSERT_TRUE(owner(StoreKind::spool)->append(events, kAdded));
  }
  // Of two reasons by turns.
  void dead_letters(int count) const {
    std::vector<StoredEvent> events;
    for (int n = 0; n < count; ++n) events.push_back(dead(n, n % 2 == 0 ? "refused" : "too large"));
    ASSERT_TRUE(owner(StoreKind::dead_letters)->append(events, kAdded));
  }
  [[nodiscard]] std::unique_ptr<EventStore> tool(StoreKind kind) const {
    auto store = EventStore::open_for_tools(directory_.file(), kind);
    EXPECT_TRUE(store) << store.error().text();
    if (kind == StoreKind::spool) {
      const auto owned = (*store)->try_own();
      EXPECT_TRUE(owned) << owned.error().text();
    }
    return std::move(*store);
  }
  [[nodiscard]] ReplayResult replay(StoreKind kind, ReplayOptions options = {}) const {
    const auto store = tool(kind);
    options.filter.not_replayed = kind == StoreKind::dead_letters;
    return Replayer(settings_, *store, kind, std::move(options)).run();
  }
  [[nodiscard]] std::set<std::string> kept(StoreKind kind) const {
    std::set<std::string> ids;
    for (const StoredRow& row : all_rows(*owner(kind))) ids.insert(row.id);
    return ids;
  }
  [[nodiscard]] std::set<std::string> marked() const {
    std::set<std::string> ids;
    for (const StoredRow& row : all_rows(*owner(StoreKind::dead_letters))) {
      if (row.replayed) ids.insert(row.id);
    }
    return ids;
  }
  [[nodiscard]] std::string configuration(StoreKind kind) const {
    std::ofstream(directory_.file("config.yml"))
        << "target: http://127.0.0.1:" << bus_.port() << "\neventbus: test\n"
        << "function: {provision: false}\n"
        << (kind == StoreKind::spool ? "spool" : "dead_letter") << ": {path: " << directory_.file()
        << "}\n";
    return directory_.file("config.yml");
  }

  Directory directory_;
  ScriptedEventbus bus_;
  config::Settings settings_ = loopback_settings(bus_.port());
};

TEST_F(Replay, SendsDeadLettersOfOneReasonAndMarksThem) {
  dead_letters(10);
  ReplayOptions options;
  options.filter.reason = "too large";
  const ReplayResult result = replay(StoreKind::dead_letters, options);
  EXPECT_TRUE(result.all_delivered());
  EXPECT_EQ(result.selected, 5u);
  EXPECT_THAT(arrived(bus_), ElementsAre("id-1", "id-3", "id-5", "id-7", "id-9"));
  EXPECT_THAT(marked(), ElementsAre("id-1", "id-3", "id-5", "id-7", "id-9"));
  EXPECT_EQ(kept(StoreKind::dead_letters).size(), 10u) << "marked, not removed";
}

TEST_F(Replay, KeepsIdTimeAndData) {
  dead_letters(3);
  ASSERT_TRUE(replay(StoreKind::dead_letters).all_delivered());
  const Requests requests = bus_.requests();
  ASSERT_EQ(requests.size(), 3u);
  for (int n = 0; n < 3; ++n) {
    const Request& request = requests[static_cast<std::size_t>(n)];
    EXPECT_EQ(request.id(), name(n));
    EXPECT_EQ(request.headers["ce-time"], fmt::format("2026-01-02T03:04:05.{:03}Z", n));
    EXPECT_EQ(request.headers["ce-source"], "relay");
    EXPECT_EQ(request.headers["content-type"], "application/json");
    EXPECT_EQ(request.body, data(n));
  }
}

TEST_F(Replay, DoesNotSendMarkedDeadLettersAgainUnlessAsked) {
  dead_letters(4);
  ASSERT_TRUE(replay(StoreKind::dead_letters).all_delivered());
  const ReplayResult second = replay(StoreKind::dead_letters);
  EXPECT_TRUE(second.all_delivered());
  EXPECT_EQ(second.selected, 0u);
  EXPECT_EQ(bus_.requests().size(), 4u);
  const auto store = tool(StoreKind::dead_letters);
  EXPECT_EQ(Replayer(settings_, *store, StoreKind::dead_letters, ReplayOptions()).run().selected,
            4u);
  EXPECT_EQ(bus_.requests().size(), 8u);
}

TEST_F(Replay, LeavesWhatIsRefusedAgainUnmarked) {
  dead_letters(6);
  bus_.script([](const Request& request) {
    if (request.id() == "id-2") return reply(422, {}, "still no");
    return reply(request.id() == "id-5" ? 404 : 200);
  });
  const ReplayResult result = replay(StoreKind::dead_letters);
  EXPECT_FALSE(result.all_delivered());
  EXPECT_EQ(result.end, ReplayResult::End::complete);
  EXPECT_EQ(result.counts.delivered, 4u);
  EXPECT_EQ(result.counts.refused, 2u);
  EXPECT_THAT(result.counts.refusals, ElementsAre(Pair(404, 1), Pair(422, 1)));
  EXPECT_EQ(result.counts.left, 0u);
  EXPECT_THAT(marked(), ElementsAre("id-0", "id-1", "id-3", "id-4"));
}

TEST_F(Replay, RemovesDeliveredRowsFromASpoolAndKeepsTheOthers) {
  spool(1200);
  bus_.script([](const Request& request) { return reply(request.id() == "id-700" ? 400 : 202); });
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.selected, 1200u);
  EXPECT_EQ(result.counts.delivered, 1199u);
  EXPECT_EQ(result.counts.refused, 1u);
  EXPECT_THAT(kept(StoreKind::spool), ElementsAre("id-700"));
}

TEST_F(Replay, GivesTheSpaceOfALargeSpoolBack) {
  constexpr int kEvents = 30'000;
  spool(kEvents);
  ASSERT_GT(directory_.bytes(), 10 * kMiB);
  settings_.delivery.mode = config::Mode::batch;
  settings_.delivery.pipeline = 16;
  const auto store = tool(StoreKind::spool);
  Replayer replayer(settings_, *store, StoreKind::spool, ReplayOptions());
  EXPECT_EQ(replayer.run().counts.delivered, static_cast<std::uint64_t>(kEvents));
  EXPECT_LT(directory_.bytes(), kMiB);
}

TEST_F(Replay, OutlastsAnEventbusThatFailsForAWhile) {
  spool(200);
  bus_.script([](const Request& request) {
    if (request.index % 2 == 0 && request.index < 100) return reply(503);
    return reply(200);
  });
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_TRUE(result.all_delivered());
  EXPECT_EQ(result.counts.delivered, 200u);
  EXPECT_THAT(kept(StoreKind::spool), IsEmpty());
  const auto ids = arrived(bus_);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 200u);
}

TEST_F(Replay, GivesUpOnAnEventbusThatIsDown) {
  spool(50);
  bus_.go_down();
  settings_.delivery.deadline = 300ms;
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.end, ReplayResult::End::unavailable);
  EXPECT_EQ(result.counts.delivered, 0u);
  EXPECT_EQ(result.selected, 50u);
  EXPECT_EQ(result.selected, result.counts.failed + result.counts.left);
  EXPECT_GT(result.counts.left, 0u) << "there is no point in trying them all";
  EXPECT_EQ(kept(StoreKind::spool).size(), 50u);
}

TEST_F(Replay, GoesOnAfterAnEventThatMissesItsDeadline) {
  spool(40);
  settings_.delivery.deadline = 500ms;
  bus_.script([](const Request& request) { return reply(request.id() == "id-3" ? 500 : 200); });
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.counts.failed + result.counts.left, 1u);
  EXPECT_EQ(result.counts.delivered, 39u);
  EXPECT_THAT(kept(StoreKind::spool), ElementsAre("id-3"));
}

TEST_F(Replay, StoppedEndsWithWhatWasAcknowledgedNoted) {
  spool(6000);  // more than can be on their way
  const auto store = tool(StoreKind::spool);
  std::atomic<Replayer*> running{nullptr};
  bus_.script([&](const Request& request) {
    if (request.index == 300) running.load()->stop();
    return reply(200);
  });
  Replayer replayer(settings_, *store, StoreKind::spool, ReplayOptions());
  running = &replayer;
  const ReplayResult result = replayer.run();
  EXPECT_EQ(result.end, ReplayResult::End::stopped);
  EXPECT_EQ(result.selected, 6000u);
  EXPECT_EQ(result.selected, result.counts.delivered + result.counts.left);
  EXPECT_GE(result.counts.delivered, 300u);
  const auto ids = arrived(bus_);
  EXPECT_EQ(ids.size(), result.counts.delivered) << "nothing acknowledged was left in the spool";
  auto rest = all_rows(*store);
  EXPECT_EQ(rest.size(), result.counts.left);
  for (const StoredRow& row : rest) EXPECT_EQ(std::ranges::count(ids, row.id), 0);
}

TEST_F(Replay, StoppedTwiceDoesNotWaitForAnswers) {
  spool(100);
  bus_.hold();
  const auto store = tool(StoreKind::spool);
  Replayer* running = nullptr;
  ReplayOptions options;
  options.grace = 1h;
  Replayer replayer(settings_, *store, StoreKind::spool, options,
                    [&](const replay::ReplayProgress& progress, Instant) {
                      if (progress.counts.in_flight() == 0 || bus_.requests().empty()) return;
                      running->stop();
                    });
  running = &replayer;
  const ReplayResult result = replayer.run();
  EXPECT_EQ(result.end, ReplayResult::End::stopped);
  EXPECT_EQ(result.counts.left, 100u);
  EXPECT_EQ(all_rows(*store).size(), 100u);
}

TEST_F(Replay, KeepsToItsRate) {
  spool(30);
  ReplayOptions options;
  options.rate = 100;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(replay(StoreKind::spool, options).all_delivered());
  // 30 events need 29 intervals of 10 ms, of which those of a tenth of a second may be made up for.
  EXPECT_GE(std::chrono::steady_clock::now() - start, 190ms);
}

TEST_F(Replay, SendsSoManyAtMost) {
  spool(30);
  ReplayOptions options;
  options.limit = 7;
  EXPECT_TRUE(replay(StoreKind::spool, options).all_delivered());
  EXPECT_EQ(bus_.requests().size(), 7u);
  EXPECT_EQ(kept(StoreKind::spool).size(), 23u);
}

TEST_F(Replay, SendsInEveryModeManyEventsAtATime) {
  for (const auto mode : {config::Mode::binary, config::Mode::structured, config::Mode::batch}) {
    ScriptedEventbus bus;
    settings_ = loopback_settings(bus.port());
    settings_.delivery.mode = mode;
    settings_.delivery.pipeline = 16;
    settings_.delivery.connections = 2;
    spool(3000);
    const ReplayResult result = replay(StoreKind::spool);
    EXPECT_TRUE(result.all_delivered());
    EXPECT_EQ(result.counts.delivered, 3000u);
    EXPECT_THAT(kept(StoreKind::spool), IsEmpty());
  }
}

TEST_F(Replay, SplitsABatchUntilTheEventThatIsRefusedIsAlone) {
  settings_.delivery.mode = config::Mode::batch;
  const auto holds = [](const Request& request, const char* id) {
    return request.body.find(fmt::format(R"("id":"{}")", id)) != std::string::npos;
  };
  bus_.script([&](const Request& request) {
    // A size that is refused, and an event that is.
    if (request.body.size() > 20'000) return reply(413);
    return reply(holds(request, "id-70") ? 400 : 200);
  });
  dead_letters(150);
  const ReplayResult letters = replay(StoreKind::dead_letters);
  EXPECT_EQ(letters.counts.delivered, 149u);
  EXPECT_EQ(letters.counts.refused, 1u);
  EXPECT_EQ(marked().size(), 149u);
  EXPECT_EQ(marked().count("id-70"), 0u);
}

TEST_F(Replay, OfASpoolSplitsABatchLikewise) {
  settings_.delivery.mode = config::Mode::batch;
  bus_.script([](const Request& request) {
    const bool poison = request.body.find(R"("id":"id-250")") != std::string::npos;
    return reply(poison ? 422 : 200);
  });
  spool(500);
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.counts.delivered, 499u);
  EXPECT_EQ(result.counts.refused, 1u);
  EXPECT_THAT(kept(StoreKind::spool), ElementsAre("id-250"));
}

TEST_F(Replay, OfTheProgramSendsAndMarks) {
  dead_letters(4);
  const auto run = run_program({"replay", "--dead-letters", "--prefix", "photos/", "--config",
                                configuration(StoreKind::dead_letters)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("delivered              4"));
  EXPECT_EQ(marked().size(), 4u);
}

TEST_F(Replay, OfTheProgramOnADryRunOnlyLists) {
  spool(4);
  const auto owned = owner(StoreKind::spool);  // a gateway runs on it
  const auto run = run_program({"replay", "--spool", "--dry-run", "--bucket", "odd-1250000000",
                                "--config", configuration(StoreKind::spool)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("id-1\t"));
  EXPECT_THAT(run.out, HasSubstr("id-3\t"));
  EXPECT_THAT(run.out, HasSubstr("rows              2\n"));
  EXPECT_THAT(bus_.requests(), IsEmpty());
}

TEST_F(Replay, OfTheProgramKeepsOffASpoolAGatewayRunsOn) {
  spool(4);
  const auto owned = owner(StoreKind::spool);
  const auto run = run_program({"replay", "--spool", "--config", configuration(StoreKind::spool)});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.err, HasSubstr("in use by another process"));
  EXPECT_THAT(run.err, HasSubstr("replays it by itself"));
  EXPECT_THAT(bus_.requests(), IsEmpty());
}

TEST_F(Replay, OfTheProgramSpeaksTlsToAnHttpsTarget) {
  dead_letters(2);
  const CertificateAuthority authority;
  ScriptedHttpServer bus(authority.issue("127.0.0.1"));
  const auto run =
      run_program({"replay", "--dead-letters", "--config", configuration(StoreKind::dead_letters),
                   "--set", "target=https://127.0.0.1:" + std::to_string(bus.port()), "--set",
                   "delivery.tls.ca=" + authority.file()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(bus.requests().size(), 2u);
}

TEST_F(Replay, OfTheProgramEndsWith69WhenNotAllWasDelivered) {
  dead_letters(2);
  bus_.script([](const Request&) { return reply(400); });
  const auto run =
      run_program({"replay", "--dead-letters", "--config", configuration(StoreKind::dead_letters)});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, HasSubstr("refused                2  400 x 2"));
}

TEST_F(Replay, OfTheProgramSaysWhatIsWrongWithItsCommandLineAndConfiguration) {
  dead_letters(1);
  const std::string config = configuration(StoreKind::dead_letters);
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    const char* says;
  } cases[] = {
      {{"--config", config}, 64, "one of --dead-letters and --spool"},
      {{"--dead-letters", "--spool", "--config", config}, 64, "one of"},
      {{"--dead-letters", "--since", "soon", "--config", config}, 64, "--since: soon"},
      {{"--dead-letters", "--rate", "0", "--config", config}, 64, "--rate"},
      {{"--spool", "--reason", "refused", "--config", config}, 64, "dead letters"},
      {{"--spool", "--config", config}, 78, "spool.path is not set"},
      {{"--dead-letters", "--config", "/nowhere/config.yml"}, 78, "/nowhere/config.yml"},
      {{"--dead-letters", "--config", config, "--set", "target=https://bus", "--set",
        "delivery.tls.ca=/nowhere/ca.pem"},
       78,
       "delivery.tls.ca: \"/nowhere/ca.pem\""},
      {{"--dead-letters", "--config", config, "--set", "dead_letter.path=/nowhere/dead.db"},
       69,
       "/nowhere/dead.db"},
  };
  for (const auto& [arguments, exit_code, says] : cases) {
    std::vector<std::string> all{"replay"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto run = run_program(all);
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_THAT(run.err, HasSubstr(says));
  }
  EXPECT_THAT(bus_.requests(), IsEmpty());
}

class Inspect : public Replay {};

TEST_F(Inspect, SumsUpBothStoresBesideTheirOwner) {
  dead_letters(5);
  const auto owned = owner(StoreKind::dead_letters);
  const auto run = run_program({"inspect", "--config", configuration(StoreKind::dead_letters)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("dead-letters " + directory_.file() + "\n"));
  EXPECT_THAT(run.out, HasSubstr("rows              5\n"));
  EXPECT_THAT(run.out, HasSubstr("3  refused\n"));
  EXPECT_THAT(run.out, HasSubstr("2  too large\n"));
}

TEST_F(Inspect, ExportsEventsThatCanBeReadAgain) {
  dead_letters(50);
  const auto run = run_program({"inspect", "--json", "--file", directory_.file(), "--kind",
                                "dead-letters", "--reason", "refused"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  int n = 0;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line); n += 2) {
    const auto event = events::read_structured_event(line);
    ASSERT_TRUE(event) << event.error().reason();
    EXPECT_EQ(event->attribute("id"), name(n));
    EXPECT_EQ(event->data, data(n));
    EXPECT_THAT(std::string(event->attribute("storedrow")), HasSubstr("\"reason\":\"refused\""));
  }
  EXPECT_EQ(n, 50);
}

TEST_F(Inspect, ListsAndShowsRows) {
  spool(10);
  const std::vector<std::string> file{"--file", directory_.file(), "--kind", "spool"};
  const auto inspect = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "inspect");
    arguments.insert(arguments.end(), file.begin(), file.end());
    return run_program(arguments);
  };
  const auto list = inspect({"--list", "--limit", "3", "--since", "2026-01-02"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(std::ranges::count(list.out, '\n'), 3);
  EXPECT_THAT(inspect({"--list", "--until", "2026-01-02"}).out, IsEmpty());
  const auto shown = inspect({"--show", "4"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("id        id-3\n"), HasSubstr(stored(3).json)));
  const auto missing = inspect({"--show", "40"});
  EXPECT_EQ(missing.exit_code, 69);
  EXPECT_THAT(missing.err, HasSubstr("there is no row 40"));
  EXPECT_EQ(inspect({"--list", "--json"}).exit_code, 64);
}

// Turns a byte of the data of id-`n` into another.
void damage(const Directory& directory, int n) {
  std::fstream file(directory.segment(), std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::size_t at = bytes.find(fmt::format("\"n\":{},", n));
  ASSERT_NE(at, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file.put('#');
}

TEST_F(Inspect, ListsDamagedRowsByTheirNumbers) {
  spool(10);
  damage(directory_, 4);
  const auto inspect = [&](const std::string& option) {
    return run_program({"inspect", option, "--file", directory_.file(), "--kind", "spool"});
  };
  EXPECT_THAT(inspect("--list").out, HasSubstr("5\t-\t-\t-\t-\tdamaged\t-\t-\n"));
  EXPECT_EQ(std::ranges::count(inspect("--list").out, '\n'), 10);
  EXPECT_THAT(inspect("--json").err, HasSubstr("damaged rows: 1"));
  const auto summary = inspect("--damaged");
  EXPECT_THAT(summary.out, HasSubstr("rows              0\n"));
  EXPECT_THAT(summary.out, HasSubstr("damaged rows      1\n"));
}

TEST_F(Inspect, CountsByBucket) {
  spool(5);
  const auto run = run_program({"inspect", "--file", directory_.file(), "--kind", "spool"});
  EXPECT_THAT(run.out, HasSubstr("3  even-1250000000\n"));
  EXPECT_THAT(run.out, HasSubstr("2  odd-1250000000\n"));
}

class Discard : public Replay {
 protected:
  [[nodiscard]] static ProgramRun discard(const std::string& config,
                                          std::vector<std::string> options) {
    std::vector<std::string> all{"discard", "--config", config};
    all.insert(all.end(), options.begin(), options.end());
    return run_program(all);
  }
};

TEST_F(Discard, RemovesWhatIsAskedForBesideAGatewayWhichGivesTheSpaceBack) {
  dead_letters(20);
  const std::string config = configuration(StoreKind::dead_letters);
  egress::StoreWriter gateway(owner(StoreKind::dead_letters));
  const auto dry = discard(config, {"--dead-letters", "--reason", "too large", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("Would be discarded"));
  EXPECT_THAT(dry.out, HasSubstr("id-3\t"));
  const auto unasked = discard(config, {"--dead-letters", "--reason", "too large"});
  EXPECT_EQ(unasked.exit_code, 64);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  EXPECT_EQ(gateway.backlog(), 20u);
  const auto run = discard(config, {"--dead-letters", "--reason", "too large", "--yes"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("discarded 10\n"));
  EXPECT_TRUE(eventually([&] { return gateway.backlog() == 10; }));
  EXPECT_EQ(discard(config, {"--dead-letters", "--yes"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return gateway.backlog() == 0 && directory_.segment().empty(); }));
}

TEST_F(Discard, TakesTheReplayedOnesAlone) {
  dead_letters(10);
  ReplayOptions options;
  options.limit = 4;
  ASSERT_TRUE(replay(StoreKind::dead_letters, options).all_delivered());
  const auto run =
      discard(configuration(StoreKind::dead_letters), {"--dead-letters", "--replayed", "--yes"});
  EXPECT_THAT(run.out, HasSubstr("discarded 4\n"));
  EXPECT_EQ(kept(StoreKind::dead_letters).size(), 6u);
}

TEST_F(Discard, TakesOfASpoolOnlyWhatCannotBeRead) {
  spool(10);
  damage(directory_, 4);
  const std::string config = configuration(StoreKind::spool);
  EXPECT_EQ(discard(config, {"--spool", "--yes"}).exit_code, 64);
  const auto run = discard(config, {"--spool", "--damaged", "--yes"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("discarded 1\n"));
  EXPECT_EQ(kept(StoreKind::spool).size(), 9u);
  EXPECT_THAT(discard(config, {"--spool", "--damaged", "--yes"}).out,
              HasSubstr("rows              0"));
}

TEST_F(Inspect, TellsOneKindOfStoreFromTheOther) {
  spool(1);
  const auto run = run_program({"inspect", "--file", directory_.file(), "--kind", "dead-letters"});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.err, HasSubstr("it holds a spool, not dead letters"));
  EXPECT_EQ(run_program({"inspect", "--file", directory_.file()}).exit_code, 64);
  EXPECT_EQ(run_program({"inspect"}).exit_code, 78);
}

}  // namespace
}  // namespace gateway::test
