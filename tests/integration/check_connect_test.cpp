// `cos-gateway check --connect` as built, against real sockets and files.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "gateway/checkup/storage_probe.hpp"
#include "support/mounted_folder.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_cloud.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/scripted_http_server.hpp"
#include "support/tls_folder.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class CheckConnect : public testing::Test {
 protected:
  // With --set KEY=VALUE for each of `more`.
  [[nodiscard]] ProgramRun check(const std::string& target,
                                 const std::vector<std::string>& more = {},
                                 std::vector<std::string> options = {}) const {
    std::vector<std::string> arguments{"check", "--connect", "--timeout",
                                       "2",     "--config",  "/dev/null"};
    std::vector<std::string> keys{"target=" + target,           "eventbus=orders",
                                  "function.provision=false",   "gateway.auth=none",
                                  "gateway.listen=127.0.0.1:0", "gateway.admin=127.0.0.1:0"};
    keys.insert(keys.end(), more.begin(), more.end());
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_program(arguments);
  }
  [[nodiscard]] static std::string at(std::uint16_t port) {
    return "127.0.0.1:" + std::to_string(port);
  }

  TlsFolder folder_;
  std::string patience_ = "2";
};

TEST_F(CheckConnect, AsksAReachableEventbusAndSendsItNoEvent) {
  ScriptedHttpServer bus;
  bus.script([](const ReceivedRequest&) { return reply(405); });
  const ProgramRun run = check(at(bus.port()), {"delivery.headers.X-Key=hush-hush"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, ContainsRegex("ok +connection +" + at(bus.port()) + " in "));
  EXPECT_THAT(run.out, HasSubstr("OPTIONS /gateway/orders: 405"));
  EXPECT_THAT(run.out, ContainsRegex("ok +gateway.listen"));
  EXPECT_THAT(run.out, ContainsRegex("ok +memory"));
  EXPECT_THAT(run.out, ContainsRegex("warn +outage"));
  EXPECT_THAT(run.out + run.err, Not(HasSubstr("hush")));
  const auto requests = bus.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, "OPTIONS");
  EXPECT_EQ(requests[0].target, "/gateway/orders");
  EXPECT_EQ(requests[0].body, "");
  EXPECT_EQ(requests[0].headers["X-Key"], "hush-hush");
  for (const Header& field : requests[0].headers.fields()) {
    EXPECT_THAT(field.name, Not(testing::StartsWith("ce-")));
  }
}

TEST_F(CheckConnect, ARefusedPortIsUnavailable) {
  std::uint16_t port = 0;
  const Socket reserved = bind_loopback(port);
  const ProgramRun run = check(at(port));
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, ContainsRegex("FAIL +connection +" + at(port) + ": Connection refused"));
}

TEST_F(CheckConnect, ANameThatCannotBeResolvedIsUnavailable) {
  const ProgramRun run = check("eventbus.invalid:80");
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, ContainsRegex("FAIL +eventbus +eventbus.invalid: "));
  EXPECT_THAT(run.out, ContainsRegex("ok +memory")) << "the rest is looked at all the same";
}

TEST_F(CheckConnect, ASlowEventbusIsGivenUpInTime) {
  ScriptedHttpServer bus;
  bus.script([](const ReceivedRequest&) { return never_answer(); });
  const auto begun = std::chrono::steady_clock::now();
  patience_ = "1";
  const ProgramRun run = check(at(bus.port()));
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, HasSubstr("OPTIONS /gateway/orders: no answer in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s);
}

TEST_F(CheckConnect, WhatIsNoHttpIsToldApart) {
  ScriptedHttpServer bus;
  bus.script([](const ReceivedRequest&) { return garbage(); });
  EXPECT_THAT(check(at(bus.port())).out, HasSubstr("no HTTP/1.1"));
  bus.script([](const ReceivedRequest&) { return close_unanswered(); });
  EXPECT_THAT(check(at(bus.port())).out, HasSubstr("the connection was closed"));
}

TEST_F(CheckConnect, VerifiesTlsAsTheGatewayWould) {
  const CertificateAuthority other;
  const std::string ca = "delivery.tls.ca=" + folder_.authority().file();
  const auto look = [&](const ServerIdentity& identity, const std::string& key) {
    ScriptedHttpServer bus(identity);
    const ProgramRun run = check("https://" + at(bus.port()), {key});
    for (const ReceivedRequest& request : bus.requests()) EXPECT_EQ(request.method, "OPTIONS");
    if (run.exit_code != 0) {
      EXPECT_TRUE(bus.requests().empty()) << "nobody who is not known";
    }
    return run;
  };
  const auto& authority = folder_.authority();
  const ProgramRun well = look(authority.issue("127.0.0.1"), ca);
  EXPECT_EQ(well.exit_code, 0) << well.out << well.err;
  EXPECT_THAT(well.out, HasSubstr("TLSv1.3, TLS_AES_128_GCM_SHA256, certificate verified for"));
  EXPECT_THAT(well.out, ContainsRegex("warn +certificate .*subject CN=Test Server, issuer CN=Test "
                                      "Authority [0-9]+, expires in (2 days|47 hours)"));

  const ProgramRun wrong = look(authority.issue("bus.example.com"), ca);
  EXPECT_EQ(wrong.exit_code, 69);
  EXPECT_THAT(wrong.out, HasSubstr("IP address mismatch; shown: subject CN=Test Server"));

  const ProgramRun expired = look(authority.issue("127.0.0.1", Validity::expired), ca);
  EXPECT_EQ(expired.exit_code, 69);
  EXPECT_THAT(expired.out, ContainsRegex("has expired; shown: .*, expired 24 hours ago"));

  const ProgramRun unknown = look(other.issue("127.0.0.1"), ca);
  EXPECT_EQ(unknown.exit_code, 69);
  EXPECT_THAT(unknown.out, HasSubstr("delivery.tls.ca"));

  const ProgramRun lax = look(other.issue("127.0.0.1"), "delivery.tls.verify=false");
  EXPECT_EQ(lax.exit_code, 0) << lax.out;
  EXPECT_THAT(lax.out, ContainsRegex("warn +TLS .*certificate not verified"));
}

TEST_F(CheckConnect, TellsAnEventbusThatWantsACertificateOrSpeaksNoTls) {
  ScriptedHttpServer strict(folder_.authority().issue("127.0.0.1"), folder_.authority().file());
  const std::string ca = "delivery.tls.ca=" + folder_.authority().file();
  const ProgramRun without = check("https://" + at(strict.port()), {ca});
  EXPECT_EQ(without.exit_code, 69);
  EXPECT_THAT(without.out, HasSubstr("delivery.tls.cert and key"));
  const auto files = folder_.files("client", folder_.authority().issue_to_client("gateway"));
  const ProgramRun with =
      check("https://" + at(strict.port()),
            {ca, "delivery.tls.cert=" + files.cert, "delivery.tls.key=" + files.key});
  EXPECT_EQ(with.exit_code, 0) << with.out;
  EXPECT_THAT(with.out,
              ContainsRegex("warn +delivery.tls .*CN=gateway.*expires in (2 days|47 hours)"));

  ScriptedHttpServer plain;
  const ProgramRun run = check("https://" + at(plain.port()), {ca});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, HasSubstr("http://"));
}

TEST_F(CheckConnect, LooksAtItsOwnCertificate) {
  ScriptedHttpServer bus;
  const auto with = [&](const config::TlsFiles& files, const std::string& public_url) {
    return check(at(bus.port()), {"gateway.tls.cert=" + files.cert, "gateway.tls.key=" + files.key,
                                  "gateway.public_url=" + public_url});
  };
  const auto files = folder_.server("gw.example.com");
  const ProgramRun well = with(files, "https://gw.example.com");
  EXPECT_EQ(well.exit_code, 0) << well.out;
  EXPECT_THAT(well.out, ContainsRegex("warn +gateway.tls .*expires in (2 days|47 hours)"));
  EXPECT_THAT(well.out, Not(HasSubstr("is not for")));
  EXPECT_THAT(with(files, "https://other.example.com").out,
              HasSubstr("server.crt is not for other.example.com"));
  const ProgramRun expired =
      with(folder_.server("gw.example.com", Validity::expired), "https://gw.example.com");
  EXPECT_EQ(expired.exit_code, 78);
  EXPECT_THAT(expired.out, ContainsRegex("FAIL +gateway.tls .*expired 24 hours ago"));
}

TEST_F(CheckConnect, AnAddressInUseIsToldFromAGatewayThatRunsThere) {
  ScriptedHttpServer bus;
  std::uint16_t port = 0;
  const Socket taken = bind_loopback(port);
  ASSERT_EQ(::listen(taken.fd(), 1), 0);
  const ProgramRun strange = check(at(bus.port()), {"gateway.listen=" + at(port)});
  EXPECT_EQ(strange.exit_code, 69);
  EXPECT_THAT(strange.out, ContainsRegex("FAIL +gateway.listen +" + at(port) + " is in use"));

  RunningGateway gateway(loopback_settings(bus.port()));
  const ProgramRun known =
      check(at(bus.port()), {"gateway.listen=" + at(gateway.gateway().port()),
                             "gateway.admin=" + at(gateway.gateway().admin_port())});
  EXPECT_EQ(known.exit_code, 0) << known.out;
  EXPECT_THAT(known.out, ContainsRegex("warn +gateway.listen .*by a gateway that answers"));
}

TEST_F(CheckConnect, TimesTheSpoolAndLeavesNothingThere) {
  ScriptedHttpServer bus;
  const TemporaryFolder spool;
  const ProgramRun run = check(at(bus.port()), {"spool.path=" + spool.file("spool.db")},
                               {"--rate", "1000", "--size", "2048"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, HasSubstr("20 writes of 16 KiB, fsync median "));
  EXPECT_THAT(run.out, ContainsRegex("spool space +.* free"));
  EXPECT_THAT(run.out, ContainsRegex("a spool of .* carries .* at 1,000 records/s, of 2 KiB each"));
  EXPECT_TRUE(std::filesystem::is_empty(spool.path()));
}

TEST_F(CheckConnect, ASpoolThatCannotBeWrittenIsUnavailable) {
  ScriptedHttpServer bus;
  const ProgramRun absent = check(at(bus.port()), {"spool.path=/nowhere/at/all/spool.db"});
  EXPECT_EQ(absent.exit_code, 69);
  EXPECT_THAT(absent.out, ContainsRegex("FAIL +spool .*No such file or directory"));

  const TemporaryFolder parent;
  const MountedFolder mounted(parent.file("mounted"));
  if (!mounted.mounted() || !mounted.set_read_only(true)) {
    GTEST_SKIP() << "file systems cannot be mounted";
  }
  const ProgramRun run = check(at(bus.port()), {"spool.path=" + mounted.file("spool.db")});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.out, ContainsRegex("FAIL +spool .*Read-only file system"));
}

TEST_F(CheckConnect, ReadsTheCloudAndChangesNothing) {
  ScriptedHttpServer bus;
  ScriptedCloud cloud;
  const auto ask = [&](std::string_view key) {
    return check(
        at(bus.port()),
        {"function.provision=true", "function.region=ap-guangzhou",
         "bucket.endpoint=photos-1250000000.cos.ap-guangzhou.myqcloud.com",
         "gateway.public_url=http://gateway.example.com", "function.api=" + cloud.url(),
         fmt::format("secret_id={}", ScriptedCloud::kSecretId), fmt::format("secret_key={}", key)});
  };
  const ProgramRun run = ask(ScriptedCloud::kSecretKey);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, ContainsRegex("ok +cloud .*run would create function default/.*absent"));
  for (const CloudCall& call : cloud.journal()) {
    EXPECT_THAT(call.action, testing::ContainsRegex("^(Get|List)"));
  }
  EXPECT_TRUE(cloud.functions().empty());

  const ProgramRun denied = ask("planted-wrong-key");
  EXPECT_EQ(denied.exit_code, 77);
  EXPECT_THAT(denied.out, ContainsRegex("FAIL +cloud .*AuthFailure"));
  EXPECT_THAT(denied.out + denied.err, Not(HasSubstr("planted")));

  cloud.script([](const CloudCall&) { return stalled(); });
  const ProgramRun silent = ask(ScriptedCloud::kSecretKey);
  EXPECT_EQ(silent.exit_code, 69);
  EXPECT_THAT(silent.out, ContainsRegex("FAIL +cloud .*no answer in time"));
  cloud.release();
}

TEST_F(CheckConnect, SpeaksJsonToPrograms) {
  ScriptedHttpServer bus;
  const ProgramRun run = check(at(bus.port()), {}, {"--json"});
  const auto report = boost::json::parse(run.out);
  EXPECT_TRUE(report.at("ok").as_bool());
  EXPECT_EQ(report.at("findings").at(0).at("subject").as_string(), "eventbus");
}

TEST_F(CheckConnect, WrongUsageIsSaid) {
  EXPECT_EQ(run_program({"check", "--json", "--config", "/dev/null"}).exit_code, 78);
  EXPECT_EQ(run_program({"check", "--connect", "--timeout", "0"}).exit_code, 64);
  EXPECT_EQ(run_program({"check", "--connect", "--config", "/dev/null"}).exit_code, 78);
}

// The spool's folder on a device that does not come back.
TEST(StorageProbe, IsLeftBehindWhenItHangs) {
  const TemporaryFolder folder;
  EXPECT_FALSE(
      checkup::probe_storage(folder.file("spool.db"), egress::StoreKind::spool, 2'000, 1ms));
  EXPECT_TRUE(checkup::probe_storage(folder.file("spool.db"), egress::StoreKind::spool, 3, 10s));
}

}  // namespace
}  // namespace gateway::test
