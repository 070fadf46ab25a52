#include "gateway/replay/replayer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/egress/store/store_writer.hpp"
#include "stored_events.hpp"
#include "support/program.hpp"
#include "support/scripted_http_server.hpp"
#include "testkit/eventually.hpp"

// Stored events sent again: real store files, a scripted eventbus, the product's own egress.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::Sequence;
using egress::StoredRow;
using egress::StoreKind;
using egress::test::all_rows;
using egress::test::kMiB;
using replay::Replayer;
using replay::ReplayOptions;
using replay::ReplayResult;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::string> arrived(const ScriptedEventbus& bus) {
  std::vector<std::string> ids;
  for (const Request& request : bus.requests()) {
    if (request.accepted()) ids.push_back(request.id());
  }
  return ids;
}

class Replay : public StoredEventsTest {
 protected:
  [[nodiscard]] std::unique_ptr<EventStore> tool(StoreKind kind) const {
    auto store = EventStore::open_for_tools(directory_.file(), kind, EventStore::Access::mark);
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
  [[nodiscard]] std::set<std::string> marked() const {
    std::set<std::string> ids;
    for (const StoredRow& row : all_rows(*owner(StoreKind::dead_letters))) {
      if (row.replayed) ids.insert(row.id);
    }
    return ids;
  }
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
  EXPECT_THAT(result.error, AllOf(HasSubstr("cannot be reached: 127.0.0.1:"),
                                  HasSubstr("Connection refused"), HasSubstr("check `target`")));
  EXPECT_EQ(result.counts.delivered, 0u);
  EXPECT_EQ(result.selected, 50u);
  EXPECT_EQ(result.selected, result.counts.failed + result.counts.left);
  EXPECT_GT(result.counts.left, 0u) << "there is no point in trying them all";
  EXPECT_EQ(kept(StoreKind::spool).size(), 50u);
}

// Those that wait behind others for longer than the deadline are sent when their turn comes.
TEST_F(Replay, GivesUpOnNoEventThatItHasNotSent) {
  spool(400);
  settings_.delivery.deadline = 1s;
  bus_.script([](const Request&) {
    std::this_thread::sleep_for(5ms);
    return reply(200);
  });
  std::vector<double> fractions;
  const auto store = tool(StoreKind::spool);
  const auto progress = [&](const replay::ReplayProgress& now, Instant) {
    fractions.push_back(now.fraction);
    EXPECT_LE(now.fraction, static_cast<double>(now.counts.delivered) / 400 + 0.25);
  };
  const ReplayResult result =
      Replayer(settings_, *store, StoreKind::spool, ReplayOptions(), progress).run();
  EXPECT_TRUE(result.all_delivered()) << result.counts.failed << " failed";
  EXPECT_EQ(result.counts.delivered, 400u);
  EXPECT_EQ(bus_.requests().size(), 400u);
  EXPECT_EQ(fractions.back(), 1);
}

TEST_F(Replay, LeavesWhatItHasNotSentToAnEventbusThatDoesNotAnswer) {
  spool(50);
  settings_.delivery.deadline = 400ms;
  settings_.delivery.timeout = 150ms;
  bus_.hold();
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.end, ReplayResult::End::unavailable);
  EXPECT_EQ(result.selected, 50u);
  const auto requests = bus_.requests();
  std::set<std::string> sent;
  for (const Request& request : requests) sent.insert(request.id());
  EXPECT_LE(result.counts.failed, sent.size());
  EXPECT_EQ(result.counts.left, 50u - result.counts.failed);
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

// They keep no others from being sent, and are tried for their whole time at the end.
TEST_F(Replay, SendsTheOthersFirstWhereSomeAreNotTaken) {
  spool(40);
  settings_.delivery.deadline = 3s;
  const std::set<std::string> untaken = {"id-0", "id-1", "id-2", "id-20"};
  std::size_t others = 0;
  bus_.script([&](const Request& request) {
    if (!untaken.contains(request.id())) {
      ++others;
      return reply(200);
    }
    // One of them is taken at last.
    return reply(request.id() == "id-1" && others == 36 ? 200 : 503);
  });
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.end, ReplayResult::End::complete);
  EXPECT_EQ(result.selected, 40u);
  EXPECT_EQ(result.counts.delivered, 37u);
  EXPECT_EQ(result.counts.failed, 3u);
  EXPECT_EQ(result.counts.left, 0u);
  EXPECT_THAT(kept(StoreKind::spool), ElementsAre("id-0", "id-2", "id-20"));
}

TEST_F(Replay, GivesUpOnAnEventbusThatTakesNothing) {
  spool(50);
  settings_.delivery.deadline = 1s;
  bus_.script([](const Request&) { return reply(503); });
  const ReplayResult result = replay(StoreKind::spool);
  EXPECT_EQ(result.end, ReplayResult::End::unavailable);
  EXPECT_EQ(result.selected, 50u);
  EXPECT_EQ(result.selected, result.counts.failed + result.counts.left);
  EXPECT_EQ(kept(StoreKind::spool).size(), 50u);
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

}  // namespace
}  // namespace gateway::test
