#include "gateway/tls/tls_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/tls_folder.hpp"

namespace gateway::tls {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

struct BadFiles {
  const char* name;
  config::TlsFiles (*files)(const test::TlsFolder&);
  Side side;
  const char* problem;
};

void PrintTo(const BadFiles& files, std::ostream* out) {
  *out << files.name;
}

config::TlsFiles with_key(const test::TlsFolder& folder, const std::string& text) {
  auto files = folder.server();
  files.key = folder.write("other.key", text);
  return files;
}

config::TlsFiles with_ca(const test::TlsFolder& folder, const std::string& text) {
  auto files = folder.server();
  files.ca = folder.write("ca.pem", text);
  return files;
}

const BadFiles kBadFiles[] = {
    {"NoCertificate",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       files.cert = folder.path("none.crt");
       return files;
     },
     Side::server, "none.crt\" cannot be read: No such file or directory"},
    {"NoKey",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       files.key = folder.path("none.key");
       return files;
     },
     Side::server, "none.key\" cannot be read: No such file or directory"},
    {"Directory",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       files.cert = fs::path(files.cert).parent_path().string();
       return files;
     },
     Side::client, "\" cannot be read: "},
    {"KeyInsteadOfCertificate",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       files.cert = files.key;
       return files;
     },
     Side::server, "server.key\" holds no certificate in PEM format"},
    {"EmptyCertificate",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       folder.write("server.crt", "");
       return files;
     },
     Side::server, "server.crt\" holds no certificate in PEM format"},
    {"DamagedChain",
     [](const test::TlsFolder& folder) {
       auto files = folder.server();
       const auto identity = folder.authority().issue("127.0.0.1");
       folder.write(
           "server.crt",
           identity.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
       return files;
     },
     Side::server, "server.crt\" cannot be read: certificate 2 in it is damaged"},
    {"KeyOfAnother",
     [](const test::TlsFolder& folder) {
       return with_key(folder, folder.authority().issue("127.0.0.1").key);
     },
     Side::server, "other.key\" does not belong to the first certificate in \""},
    {"EncryptedKey",
     [](const test::TlsFolder& folder) {
       return with_key(folder, test::encrypted_key(folder.authority().issue("127.0.0.1")));
     },
     Side::client, "other.key\" is encrypted with a passphrase"},
    {"GarbageForAKey", [](const test::TlsFolder& folder) { return with_key(folder, "garbage"); },
     Side::server, "other.key\" holds no private key in PEM format"},
    {"GarbageForAnAuthority",
     [](const test::TlsFolder& folder) { return with_ca(folder, "garbage"); }, Side::client,
     "ca.pem\" holds no certificate in PEM format"},
    {"GarbageForClientsAuthority",
     [](const test::TlsFolder& folder) { return with_ca(folder, "garbage"); }, Side::server,
     "ca.pem\" holds no certificate in PEM format"},
};

class TlsFiles : public testing::TestWithParam<BadFiles> {
 protected:
  test::TlsFolder folder_;
};

TEST_P(TlsFiles, ThatAreBadAreExplained) {
  const auto loaded = load(GetParam().side, GetParam().files(folder_));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text(), HasSubstr(GetParam().problem));
  EXPECT_THAT(loaded.error().text(), StartsWith("\"/"));
}

INSTANTIATE_TEST_SUITE_P(Table, TlsFiles, testing::ValuesIn(kBadFiles),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(TlsKeys, AreNamedAsInTheConfiguration) {
  EXPECT_EQ(key_of(Side::server, Part::cert), "gateway.tls.cert");
  EXPECT_EQ(key_of(Side::server, Part::ca), "gateway.tls.client_ca");
  EXPECT_EQ(key_of(Side::client, Part::ca), "delivery.tls.ca");
  EXPECT_EQ(key_of(Side::client, Part::key), "delivery.tls.key");
}

class WatchedFiles : public testing::Test {
 protected:
  void poll_until_settled() {
    source_.poll();
    source_.poll();
  }

  test::TlsFolder folder_;
  config::TlsFiles files_ = folder_.server();
  TlsSource source_{Side::server, files_};
};

TEST_F(WatchedFiles, KeepsItsContextWhileNothingChanges) {
  const auto before = source_.current();
  poll_until_settled();
  EXPECT_EQ(source_.current(), before);
  EXPECT_EQ(source_.status().reloads, 0u);
  EXPECT_EQ(source_.status().certificate, files_.cert);
  const auto left = *source_.status().expires - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(47));
  EXPECT_LE(left, std::chrono::hours(48));
}

TEST_F(WatchedFiles, TakesNewFilesOnceTheyStayAsTheyAre) {
  const auto before = source_.current();
  static_cast<void>(folder_.server());  // the same paths
  source_.poll();
  EXPECT_EQ(source_.current(), before);
  source_.poll();
  EXPECT_NE(source_.current(), before);
  EXPECT_EQ(source_.status().reloads, 1u);
  EXPECT_EQ(source_.status().failures, 0u);
  const auto after = source_.current();
  poll_until_settled();
  EXPECT_EQ(source_.current(), after);
}

TEST_F(WatchedFiles, KeepsTheOldContextWhenNewFilesAreBadAndSaysSoOnce) {
  const auto before = source_.current();
  folder_.write("server.key", "garbage");
  for (int i = 0; i < 5; ++i) source_.poll();
  EXPECT_EQ(source_.current(), before);
  EXPECT_EQ(source_.status().failures, 1u);
  EXPECT_THAT(source_.status().last_error, StartsWith("gateway.tls.key: \"/"));
  static_cast<void>(folder_.server());
  poll_until_settled();
  EXPECT_NE(source_.current(), before);
  EXPECT_EQ(source_.status().last_error, "");
}

TEST_F(WatchedFiles, KeepsTheOldContextWhenFilesAreGone) {
  const auto before = source_.current();
  fs::remove(files_.cert);
  for (int i = 0; i < 5; ++i) source_.poll();
  EXPECT_EQ(source_.current(), before);
  EXPECT_EQ(source_.status().failures, 1u);
}

// As Kubernetes does it: files are links through ..data, which is a link to a directory and is
// replaced by rename(2).
TEST_F(WatchedFiles, FollowsLinksThatAreSwapped) {
  const auto deploy = [&](const std::string& version) {
    const auto identity = folder_.authority().issue("127.0.0.1");
    fs::create_directory(folder_.path(version));
    folder_.write(version + "/tls.crt", identity.certificate);
    folder_.write(version + "/tls.key", identity.key);
    fs::create_directory_symlink(version, folder_.path("..data_tmp"));
    fs::rename(folder_.path("..data_tmp"), folder_.path("..data"));
  };
  deploy("v1");
  fs::create_symlink("..data/tls.crt", folder_.path("tls.crt"));
  fs::create_symlink("..data/tls.key", folder_.path("tls.key"));
  config::TlsFiles files;
  files.cert = folder_.path("tls.crt");
  files.key = folder_.path("tls.key");
  TlsSource source(Side::server, files);
  const auto before = source.current();
  deploy("v2");
  source.poll();
  source.poll();
  EXPECT_NE(source.current(), before);
  EXPECT_EQ(source.status().failures, 0u);
}

TEST(SourceAtStart, NamesKeyAndFileOfAProblem) {
  const test::TlsFolder folder;
  auto files = folder.server();
  files.key = folder.path("none.key");
  try {
    const TlsSource source(Side::client, files);
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), StartsWith("delivery.tls.key: \""));
  }
}

TEST(FileWatchTest, WaitsUntilFilesStayAsTheyAre) {
  const FileStamp a(1, 1, 1, 1, 1);
  const FileStamp b(1, 2, 1, 1, 1);
  const FileStamp c(1, 3, 1, 1, 1);
  FileWatch watch({a});
  EXPECT_FALSE(watch.changed({a}));
  EXPECT_FALSE(watch.changed({b}));
  EXPECT_FALSE(watch.changed({c}));
  EXPECT_TRUE(watch.changed({c}));
  EXPECT_FALSE(watch.changed({c}));
  // There and back again: they were not read meanwhile.
  EXPECT_FALSE(watch.changed({a}));
  EXPECT_FALSE(watch.changed({c}));
  EXPECT_FALSE(watch.changed({c}));
}

TEST(FileWatchTest, SeesEveryDifference) {
  const FileStamp base(1, 2, 3, 4, 5);
  EXPECT_EQ(base, FileStamp(1, 2, 3, 4, 5));
  for (const FileStamp& other :
       {FileStamp(9, 2, 3, 4, 5), FileStamp(1, 9, 3, 4, 5), FileStamp(1, 2, 9, 4, 5),
        FileStamp(1, 2, 3, 9, 5), FileStamp(1, 2, 3, 4, 9), FileStamp()}) {
    EXPECT_NE(base, other);
  }
}

}  // namespace
}  // namespace gateway::tls
