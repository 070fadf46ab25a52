// Which source wins, where files are looked for, and what is said of those that are not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gateway/config/yaml_document.hpp"
#include "gateway/tls/tls_source.hpp"
#include "testkit/temporary_folder.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(Precedence, EnvironmentOverridesTheFileAndOverridesBoth) {
  auto texts = testing::with_config(
      "target: file\neventbus: b\nfunction: {provision: false}\n"
      "gateway: {listen: 127.0.0.1:1, auth: none}\n");
  EXPECT_EQ(load(texts).settings.target, "file");
  texts.environment = {{"CONNECTOR_TARGET", "environment"}, {"CONNECTOR_PORT", "2"}};
  EXPECT_EQ(load(texts).settings.target, "environment");
  EXPECT_EQ(load(texts).settings.ingress.listen.host, "127.0.0.1");
  EXPECT_EQ(load(texts).settings.ingress.listen.port, 2);
  texts.overrides = {"target=first", "target=last", "gateway.listen=127.0.0.2:3"};
  EXPECT_EQ(load(texts).settings.target, "last");
  EXPECT_EQ(load(texts).settings.ingress.listen.host, "127.0.0.2");
  EXPECT_EQ(load(texts).settings.ingress.listen.port, 3);
}

TEST(Precedence, EmptyVariablesCountAsNone) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.environment = {
      {"CONNECTOR_TARGET", ""}, {"CONNECTOR_PORT", ""}, {"TENCENTCLOUD_SECRET_ID", ""}};
  const auto loaded = load(texts);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.settings.target, "bus:8080");
  EXPECT_EQ(loaded.settings.ingress.listen.port, 8080);
}

TEST(Precedence, ABadPortNamesTheVariable) {
  auto texts = testing::with_config(testing::kMinimal);
  for (const auto* port : {"65536", "http", "-1", "80 "}) {
    texts.environment = {{"CONNECTOR_PORT", port}};
    EXPECT_THAT(testing::texts_of(load(texts).problems),
                ElementsAre(std::string("environment CONNECTOR_PORT: gateway.listen: expected an "
                                        "integer from 0 to 65535, got \"") +
                            port + "\""));
  }
}

TEST(Precedence, TheSecretFileOverridesSecretsOfTheConfiguration) {
  auto texts = testing::with_config(std::string(testing::kMinimal) +
                                    "secret_id: config\nsecret_key: config\n"
                                    "delivery: {headers: {authorization: config, X-Other: o}}\n");
  texts.secret =
      SourceText{"secret.yml", "secret_id: secret\ndelivery: {headers: {Authorization: secret}}\n"};
  const auto loaded = load(texts);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), "secret");
  EXPECT_EQ(loaded.settings.credentials.secret_key.reveal(), "config");
  ASSERT_EQ(loaded.settings.delivery.headers.size(), 2U);
  EXPECT_EQ(loaded.settings.delivery.headers[0].first, "Authorization");
  EXPECT_EQ(loaded.settings.delivery.headers[0].second.reveal(), "secret");
}

TEST(Precedence, TheSecretFileTakesSecretsOnly) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.secret = SourceText{"secret.yml", "target: h\nsecret_kye: x\ngateway: {threads: 1}\n"};
  EXPECT_THAT(
      testing::texts_of(load(texts).problems),
      ElementsAre("secret.yml:1:1: target: belongs in the configuration file, not in the secret "
                  "file",
                  "secret.yml:2:1: secret_kye: unknown key; did you mean 'secret_key'?",
                  "secret.yml:3:11: gateway.threads: belongs in the configuration file, not in "
                  "the secret file"));
}

TEST(Precedence, TheEnvironmentFillsCredentialsNoFileGives) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.environment = {{"TENCENTCLOUD_SECRET_ID", "id"},
                       {"TENCENTCLOUD_SECRET_KEY", "key"},
                       {"TENCENTCLOUD_TOKEN", "token"}};
  auto credentials = load(texts).settings.credentials;
  EXPECT_EQ(credentials.secret_id.reveal(), "id");
  EXPECT_EQ(credentials.secret_key.reveal(), "key");
  EXPECT_EQ(credentials.session_token.reveal(), "token");

  texts.secret = SourceText{"secret.yml", "secret_id: file\nsecret_key: file\n"};
  credentials = load(texts).settings.credentials;
  EXPECT_EQ(credentials.secret_id.reveal(), "file");
  EXPECT_EQ(credentials.secret_key.reveal(), "file");
  // A token is of no use to another pair.
  EXPECT_EQ(credentials.session_token.reveal(), "");
}

TEST(Overrides, NeedNoQuotesForScalars) {
  const auto loaded = testing::load_with(
      {"gateway.listen=[::]:0", "secret_key=*a #b: c", "bucket.prefix=", "bucket.suffix='it''s'",
       "delivery.headers.Authorization=Bearer a: b", "event.redact=[A, B]",
       "delivery.headers={X-A: 1}", "function.code.path=/x"});
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.ingress.listen.host, "::");
  EXPECT_EQ(loaded.settings.credentials.secret_key.reveal(), "*a #b: c");
  EXPECT_EQ(loaded.settings.bucket.prefix, "");
  EXPECT_EQ(loaded.settings.bucket.suffix, "it's");
  ASSERT_EQ(loaded.settings.delivery.headers.size(), 2U);
  EXPECT_EQ(loaded.settings.delivery.headers[0].second.reveal(), "Bearer a: b");
  EXPECT_EQ(loaded.settings.event.redact, (std::vector<std::string>{"A", "B"}));
  ASSERT_TRUE(loaded.settings.function.code.has_value());
  EXPECT_EQ(loaded.settings.function.code->path, "/x");
}

TEST(Overrides, NeedAnEqualsSign) {
  EXPECT_THAT(testing::texts_of(testing::load_with({"debug", "secret_key:hush", "=x"}).problems),
              ElementsAre("--set: expected key=value such as delivery.pipeline=16, got \"debug\" "
                          "without the '='",
                          "--set: expected key=value such as delivery.pipeline=16, got "
                          "\"secret_key\" without the '='",
                          "--set: expected key=value such as delivery.pipeline=16, got \"\" "
                          "without the '='"));
}

TEST(OnStop, KeepsTheFunctionInsideKubernetes) {
  auto texts = testing::with_config(testing::kMinimal);
  EXPECT_EQ(load(texts).settings.function.on_stop, OnStop::delete_function);
  texts.environment = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}};
  EXPECT_EQ(load(texts).settings.function.on_stop, OnStop::keep_function);
  texts.overrides = {"function.on_stop="};
  EXPECT_EQ(load(texts).settings.function.on_stop, OnStop::keep_function);
  texts.overrides = {"function.on_stop=delete"};
  EXPECT_EQ(load(texts).settings.function.on_stop, OnStop::delete_function);
}

class Files : public ::testing::Test {
 protected:
  Files() {
    sources_.default_config_paths = {path("config.yml"), path("other/config.yml")};
    sources_.default_secret_paths = {path("secret.yml"), path("other/secret.yml")};
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  [[nodiscard]] std::vector<std::string> problems() const {
    return testing::texts_of(load(sources_, tls::check_files).problems);
  }

  gateway::test::TemporaryFolder folder_;
  Sources sources_;
};

TEST_F(Files, AreFoundByOptionThenEnvironmentThenDefault) {
  const auto with_eventbus = [](const std::string& name) {
    return "target: h\neventbus: " + name + "\nfunction: {provision: false}\n";
  };
  write("config.yml", with_eventbus("default"));
  write("secret.yml", "secret_id: default");
  write("named.yml", with_eventbus("variable"));
  write("named-secret.yml", "secret_id: variable");
  write("option.yml", with_eventbus("option"));
  write("option-secret.yml", "secret_id: option");
  const auto expect = [this](const std::string& name) {
    const auto loaded = load(sources_);
    EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
    EXPECT_EQ(loaded.settings.eventbus, name);
    EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), name);
  };
  expect("default");
  sources_.environment = {{"CONNECTOR_CONFIG", path("named.yml")},
                          {"CONNECTOR_SECRET", path("named-secret.yml")}};
  expect("variable");
  sources_.config_path = path("option.yml");
  sources_.secret_path = path("option-secret.yml");
  expect("option");
}

TEST_F(Files, AreFoundWhereLaterImagesOfTheOriginalLook) {
  std::filesystem::create_directory(path("other"));
  write("other/config.yml", "target: h\neventbus: other\nfunction: {provision: false}\n");
  write("other/secret.yml", "secret_id: other");
  const auto loaded = load(sources_);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.eventbus, "other");
  EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), "other");
}

TEST_F(Files, TellWhichUserCannotReadThem) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("config.yml", "target: h\n");
  std::filesystem::permissions(path("config.yml"), std::filesystem::perms::none);
  EXPECT_THAT(problems(), Contains(AllOf(HasSubstr("Permission denied; this runs as user"),
                                         HasSubstr("`chmod o+r " + path("config.yml") + "`"))));
}

TEST_F(Files, AreNewWithEachStartButForThoseOfAPod) {
  using namespace std::chrono_literals;
  const std::string text = "target: h\neventbus: b\nfunction: {provision: false}\n";
  const auto old = std::filesystem::file_time_type::clock::now() - 48h;
  write("config.yml", text);
  std::filesystem::last_write_time(path("config.yml"), old);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(now - configured_at(sources_), 1min);
  // As kubelet mounts a map: by way of links, the first of which it replaces.
  std::filesystem::create_directory(path("..1"));
  write("..1/mounted.yml", text);
  std::filesystem::last_write_time(path("..1/mounted.yml"), old);
  std::filesystem::create_directory_symlink("..1", path("..data"));
  std::filesystem::create_symlink("..data/mounted.yml", path("mounted.yml"));
  sources_.config_path = path("mounted.yml");
  const auto age = now - configured_at(sources_);
  EXPECT_GT(age, 47h);
  EXPECT_LT(age, 49h);
}

TEST(Original, KeysThatMeanNothingHereWarn) {
  const auto loaded = load(testing::with_config(
      "target: h\neventbus: b\ngateway: {auth: none}\nfunction: {provision: false}\nlog_config: "
      "{log_level: debug}\n"
      "store_config: {type: FILE}\nsend_event_attempts: 3\nbatch_size: 10\nport: 8080\n"
      "vanus: {endpoint: x, eventbus: y}\nprotocol: {type: http}\nv_target: x\nv_port: 1\n"));
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.warnings.size(), 9U);
  EXPECT_THAT(testing::texts_of(loaded.warnings),
              Contains("config.yml:5:1: log_config: has no effect: debug and LOG_LEVEL set how "
                       "much is logged"));
}

TEST(Original, BooleansMayBeTheWordsOfYaml11) {
  for (const std::string word : {"yes", "Yes", "on", "ON", "y", "True", "TRUE"}) {
    const auto loaded = load(testing::with_config(
        "target: h\neventbus: b\ngateway: {auth: none}\nfunction: {provision: false}\ndebug: " +
        word + "\n"));
    EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty()) << word;
    EXPECT_THAT(testing::texts_of(loaded.warnings), ElementsAre(HasSubstr("write true"))) << word;
    EXPECT_TRUE(loaded.settings.debug) << word;
  }
  for (const std::string word : {"no", "off", "N", "False"}) {
    const auto loaded = load(testing::with_config(
        "target: h\neventbus: b\ngateway: {auth: none}\nfunction: {provision: false}\ndebug: " +
        word + "\n"));
    EXPECT_TRUE(loaded.ok()) << word;
    EXPECT_FALSE(loaded.settings.debug) << word;
  }
  for (const std::string word : {"'yes'", "1", "maybe"}) {
    EXPECT_FALSE(load(testing::with_config("target: h\neventbus: b\ndebug: " + word + "\n")).ok());
  }
}

TEST(Original, LogLevelDebugIsDebug) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.environment = {{"LOG_LEVEL", "debug"}};
  EXPECT_TRUE(load(texts).settings.debug);
  texts.environment = {{"LOG_LEVEL", "info"}};
  EXPECT_FALSE(load(texts).settings.debug);
  texts.environment = {{"LOG_LEVEL", "debug"}};
  texts.overrides = {"debug=false"};
  EXPECT_FALSE(load(texts).settings.debug);
}

TEST(Original, AnchorsAreTakenWithAWarning) {
  const auto loaded = load(testing::with_config(
      "target: &t h\neventbus: *t\nfunction: &f {provision: false, memory: 256}\n"
      "gateway: {auth: none}\n"
      "bucket: {prefix: *t}\n"));
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_THAT(testing::texts_of(loaded.warnings),
              ElementsAre(HasSubstr("config.yml:1:9: anchors (&name) are taken")));
  EXPECT_EQ(loaded.settings.eventbus, "h");
  EXPECT_EQ(loaded.settings.bucket.prefix, "h");
}

TEST(Original, MergeKeysAreTakenButForWhatTheMapHasItself) {
  const auto loaded =
      load(testing::with_config("target: h\neventbus: b\nspool: &s {max_bytes: 1GiB}\n"
                                "delivery: {retry: &r {max: 5s, initial: 50ms}}\n"
                                "gateway: {auth: none}\nfunction: {provision: false}\n"));
  EXPECT_TRUE(loaded.ok());
  const auto merged =
      read_yaml("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\n");
  ASSERT_THAT(merged.problems, IsEmpty());
  std::string text;
  for (const auto& member : merged.root.members[2].value.members) {
    text += member.name + "=" + member.value.text + " ";
  }
  EXPECT_EQ(text, "x=5 y=2 z=4 ");
}

TEST(Original, AliasesDoNotGrowWithoutABound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) text += ", " + last;
    text += "]\n";
  }
  const auto document = read_yaml(text);
  ASSERT_EQ(document.problems.size(), 1U);
  EXPECT_THAT(document.problems[0].message, HasSubstr("repeat too much"));
}

TEST_F(Files, NamedOnesMustExist) {
  sources_.config_path = path("missing.yml");
  sources_.environment = {{"CONNECTOR_SECRET", path("missing-secret.yml")}};
  EXPECT_THAT(
      problems(),
      ElementsAre(path("missing.yml") + ": cannot be opened: No such file or directory",
                  path("missing-secret.yml") + ": cannot be opened: No such file or directory"));
}

TEST_F(Files, AMissingDefaultSaysWhereWasLooked) {
  EXPECT_THAT(problems(),
              AllOf(Contains(path("config.yml") +
                             ": no such file; a configuration is looked for in --config FILE, in "
                             "the file environment CONNECTOR_CONFIG names, and here"),
                    Contains("eventbus: required")));
}

TEST_F(Files, AreNotNeededWhenOverridesSayEverything) {
  sources_.overrides = {"target=h", "eventbus=b", "function.provision=false"};
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Files, ADirectoryIsExplained) {
  std::filesystem::create_directory(path("config.yml"));
  EXPECT_THAT(problems(), ElementsAre(EndsWith("config.yml: is a directory; Docker makes one where "
                                               "a file to mount does not exist")));
}

TEST_F(Files, LargerThanAllowedAreRefused) {
  write("config.yml", std::string(2U << 20U, '#'));
  EXPECT_THAT(problems(), ElementsAre(EndsWith("config.yml: larger than 1048576 bytes")));
}

TEST_F(Files, NamedForTlsMustBeThere) {
  write("key.pem", "x");
  sources_.overrides = {"target=https://h",
                        "eventbus=b",
                        "function.provision=false",
                        "gateway.tls.cert=" + path("cert.pem"),
                        "gateway.tls.key=" + path("key.pem"),
                        "delivery.tls.ca=" + path("ca.pem")};
  EXPECT_THAT(testing::texts_of(load(sources_, tls::check_files).problems),
              ElementsAre(AllOf(StartsWith("--set gateway.tls.cert: \""),
                                HasSubstr("cannot be opened: No such file")),
                          StartsWith("--set delivery.tls.ca: \"")));
}

TEST(ProcessEnvironment, HoldsTheVariablesOfThisProcess) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): a unit test has no other thread
  ASSERT_EQ(setenv("COS_GATEWAY_TEST_VARIABLE", "a=b", 1), 0);
  const auto environment = process_environment();
  const auto found = environment.find("COS_GATEWAY_TEST_VARIABLE");
  ASSERT_NE(found, environment.end());
  EXPECT_EQ(found->second, "a=b");
}

}  // namespace
}  // namespace gateway::config
