// What is said of this machine: devices and addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gateway/checkup/local_findings.hpp"

namespace gateway::checkup {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Medium = StorageProbe::Medium;

class StorageFindings : public testing::Test {
 protected:
  StorageFindings() {
    storage_.path = "/data/spool.db";
    probe_.syncs = std::vector<std::chrono::nanoseconds>(19, 2ms);
    probe_.syncs.emplace_back(30ms);
    probe_.free_bytes = std::uint64_t{20} << 30U;
  }
  Findings judge() const { return storage_findings("spool", storage_, probe_); }

  config::Storage storage_;
  StorageProbe probe_;
};

TEST_F(StorageFindings, TellMedianLongestAndSpace) {
  const auto findings = judge();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].text(),
            "/data/spool.db: 20 writes of 16 KiB, fsync median 2 ms, longest 30 ms");
  EXPECT_EQ(findings[1].text(), "20 GiB free, 0 B there already, it may grow to 10 GiB");
  EXPECT_EQ(findings[0].verdict(), Verdict::ok);
  EXPECT_EQ(findings[1].verdict(), Verdict::ok);
}

TEST_F(StorageFindings, WarnOfASlowDevice) {
  probe_.syncs.assign(20, 80ms);
  EXPECT_EQ(judge()[0].verdict(), Verdict::warn);
}

TEST_F(StorageFindings, WarnOfWhatDoesNotLast) {
  const std::pair<Medium, const char*> media[] = {{Medium::memory, "gone with the machine"},
                                                  {Medium::layer, "gone with the container"},
                                                  {Medium::network, "locks and fsync"}};
  for (const auto& [medium, advice] : media) {
    probe_.medium = medium;
    EXPECT_EQ(judge()[0].verdict(), Verdict::warn);
    EXPECT_THAT(judge()[0].advice(), HasSubstr(advice));
  }
}

TEST_F(StorageFindings, CountWhatIsThereAlreadyAsRoom) {
  probe_.free_bytes = std::uint64_t{4} << 30U;
  EXPECT_EQ(judge()[1].verdict(), Verdict::warn);
  EXPECT_EQ(room_of(storage_, probe_), std::uint64_t{4} << 30U);
  probe_.store_bytes = std::uint64_t{7} << 30U;
  EXPECT_EQ(judge()[1].verdict(), Verdict::ok);
  EXPECT_EQ(room_of(storage_, probe_), std::uint64_t{10} << 30U);
}

TEST_F(StorageFindings, SayWhatToDoAboutAFileThatIsClosed) {
  probe_.problem = "spool.db.lock cannot be written: Permission denied";
  probe_.closed_file = "/data/spool.db.lock";
  const auto findings = judge();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].blame(), Blame::unavailable);
  EXPECT_THAT(findings[0].text(), HasSubstr("spool.db.lock cannot be written: Permission denied"));
  EXPECT_THAT(findings[0].advice(),
              HasSubstr("chown " + std::to_string(::geteuid()) + " /data/spool.db.*"));
  EXPECT_FALSE(room_of(storage_, probe_));
}

TEST_F(StorageFindings, FailWhereNothingCanBeWritten) {
  probe_.problem = "nothing can be written there: Read-only file system";
  const auto findings = judge();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].blame(), Blame::unavailable);
  EXPECT_THAT(findings[0].text(), HasSubstr("Read-only file system"));
  EXPECT_FALSE(room_of(storage_, probe_));
  const auto hung = storage_findings("spool", storage_, std::nullopt);
  EXPECT_EQ(hung[0].blame(), Blame::unavailable);
  EXPECT_THAT(hung[0].text(), HasSubstr("did not answer in time"));
}

TEST(ListenFindings, TellWhatIsInTheWay) {
  const config::HostPort at{"::1", 80};
  EXPECT_EQ(listen_finding("gateway.listen", at, {}, false).text(), "[::1]:80 is free");
  const auto in_use = [&](bool gateway_there) {
    return listen_finding("gateway.listen", at, asio::error::address_in_use, gateway_there);
  };
  EXPECT_EQ(in_use(false).blame(), Blame::unavailable);
  EXPECT_EQ(in_use(true).verdict(), Verdict::warn);
  EXPECT_THAT(listen_finding("a", at, asio::error::access_denied, false).advice(),
              HasSubstr("CAP_NET_BIND_SERVICE"));
  const error_code elsewhere(EADDRNOTAVAIL, boost::system::system_category());
  EXPECT_THAT(listen_finding("a", at, elsewhere, false).advice(), HasSubstr("no interface"));
}

}  // namespace
}  // namespace gateway::checkup
