// Triggers of the scripted cloud, and the rules of a bucket that exclude each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/scripted_cloud_calls.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using ScriptedCloudTriggers = ScriptedCloudTest;

TEST_F(ScriptedCloudTriggers, AreShownWithWhatTheServiceAdds) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:Put", "in/", ".zip")), "OK");
  const json::object list = call("ListTriggers", R"({"FunctionName":"relay"})");
  EXPECT_EQ(list.at("TotalCount").as_int64(), 1);
  const json::object& trigger = list.at("Triggers").as_array().at(0).as_object();
  EXPECT_EQ(trigger.at("Enable").as_int64(), 1);
  EXPECT_EQ(trigger.at("Qualifier").as_string(), "$LATEST");
  EXPECT_EQ(trigger.at("TriggerDesc").as_string(),
            R"({"bucketUrl":"pictures-1250000000.cos.ap-guangzhou.myqcloud.com",)"
            R"("event":"cos:ObjectCreated:Put","filter":{"Prefix":"in/","Suffix":".zip"}})");
}

TEST_F(ScriptedCloudTriggers, NeedADescriptionTheServiceTakes) {
  ASSERT_EQ(create(), "OK");
  const auto with = [&](const std::string& description) {
    return code("CreateTrigger",
                fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                            R"("Enable":"OPEN","TriggerDesc":{}}})",
                            kBucket, json::serialize(json::string(description))));
  };
  const std::string bad = "InvalidParameterValue.TriggerDesc";
  EXPECT_EQ(with(R"({"event": "cos:ObjectCreated:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectRemoved:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Prefix":"/a"}})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Suffix":"zip"}})"), bad);
  EXPECT_EQ(with(R"({"bucketUrl":"x","event":"cos:ObjectCreated:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Prefix":"a b"}})"), "OK");
}

TEST_F(ScriptedCloudTriggers, NeedABucketOfTheRegion) {
  ASSERT_EQ(create(), "OK");
  const auto with = [&](const std::string& name) {
    return code("CreateTrigger",
                fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                            R"("TriggerDesc":"{{\"event\":\"cos:ObjectCreated:*\"}}"}})",
                            name));
  };
  EXPECT_EQ(with("pictures"), "InvalidParameterValue.TriggerName");
  EXPECT_EQ(with("https://pictures-1250000000.cos.ap-guangzhou.myqcloud.com/"),
            "InvalidParameterValue.TriggerName");
  EXPECT_EQ(with("pictures-1250000000.cos.ap-beijing.myqcloud.com"), "ResourceNotFound.Cos");
  EXPECT_EQ(with(kBucket), "OK");
  EXPECT_FALSE(cloud_.triggers(kPath).at(0).enabled) << "without Enable it is off";
}

TEST_F(ScriptedCloudTriggers, ConflictWhereTheBucketsRulesOverlap) {
  struct Case {
    BucketRule held;
    BucketRule wanted;
    bool conflict;
  };
  const std::string all = "cos:ObjectCreated:*";
  const std::string put = "cos:ObjectCreated:Put";
  const Case cases[] = {
      {{kBucket, all, "", "", "x"}, {kBucket, all, "", "", ""}, true},
      {{kBucket, all, "", "", "x"}, {kBucket, put, "", "", ""}, true},
      {{kBucket, put, "", "", "x"}, {kBucket, all, "", "", ""}, true},
      {{kBucket, put, "", "", "x"}, {kBucket, "cos:ObjectCreated:Post", "", "", ""}, false},
      {{kBucket, all, "", "", "x"}, {kBucket, "cos:ObjectRemove:*", "", "", ""}, false},
      {{kBucket, all, "Log", "", "x"}, {kBucket, all, "Lo", "", ""}, true},
      {{kBucket, all, "a/", "", "x"}, {kBucket, all, "b/", "", ""}, false},
      {{kBucket, all, "", ".zip", "x"}, {kBucket, all, "", ".jpg", ""}, false},
      {{kBucket, all, "a/", ".zip", "x"}, {kBucket, all, "a/", ".jpg", ""}, false},
      {{kBucket, all, "a/", "", "x"}, {kBucket, all, "", ".jpg", ""}, true},
      {{"other-1.cos.ap-guangzhou.myqcloud.com", all, "", "", "x"},
       {kBucket, all, "", "", ""},
       false},
  };
  ASSERT_EQ(create(), "OK");
  for (const Case& one : cases) {
    SCOPED_TRACE(one.held.event + one.held.prefix + one.held.suffix + " against " +
                 one.wanted.event + one.wanted.prefix + one.wanted.suffix);
    cloud_.drop_foreign_rules();
    cloud_.hold_rule(one.held);
    cloud_.change(kPath, [](CloudFunction& function) { function.triggers.clear(); });
    EXPECT_EQ(
        code("CreateTrigger", trigger_body(one.wanted.event, one.wanted.prefix, one.wanted.suffix)),
        one.conflict ? "InvalidParameterValue.CosNotifyRuleConflict" : "OK");
  }
}

TEST_F(ScriptedCloudTriggers, OfTwoFunctionsConflictAndADoubleIsInUse) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(create("", "other"), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body()), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body()), "ResourceInUse.Trigger");
  const std::string others =
      trigger_body("cos:ObjectCreated:*", "", "", R"(,"Enable":"OPEN")", "other");
  EXPECT_EQ(code("CreateTrigger", others), "InvalidParameterValue.CosNotifyRuleConflict");
  cloud_.change_limits([](CloudLimits& limits) { limits.conflict_code = "ResourceInUse.Cos"; });
  EXPECT_EQ(code("CreateTrigger", others), "ResourceInUse.Cos");
  // What the documentation leaves open is assumed to go badly.
  ASSERT_EQ(code("DeleteFunction", R"({"FunctionName":"relay"})"), "OK");
  EXPECT_EQ(code("CreateTrigger", others), "ResourceInUse.Cos");
}

TEST_F(ScriptedCloudTriggers, AreDeletedByDescriptionAndQualifier) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "", "",
                                               R"(,"Enable":"OPEN","Qualifier":"$DEFAULT")")),
            "OK");
  const std::string named =
      fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos"}})", kBucket);
  EXPECT_EQ(code("DeleteTrigger", named), "InvalidParameterValue.TriggerDesc");
  EXPECT_EQ(code("DeleteTrigger", trigger_body("cos:ObjectCreated:*", "", "", "")),
            "ResourceNotFound.Trigger");
  EXPECT_EQ(code("DeleteTrigger",
                 trigger_body("cos:ObjectCreated:Put", "", "", R"(,"Qualifier":"$DEFAULT")")),
            "ResourceNotFound.Trigger");
  // The text as listed will do, too.
  const std::string listed_text(call("ListTriggers", R"({"FunctionName":"relay"})")
                                    .at("Triggers")
                                    .at(0)
                                    .at("TriggerDesc")
                                    .as_string());
  EXPECT_EQ(code("DeleteTrigger",
                 fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                             R"("Qualifier":"$DEFAULT","TriggerDesc":{}}})",
                             kBucket, json::serialize(json::string(listed_text)))),
            "OK");
  EXPECT_THAT(cloud_.triggers(kPath), IsEmpty());
}

TEST_F(ScriptedCloudTriggers, AreSwitchedAndHoldTheirRuleOnlyWhileOn) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body()), "OK");
  const std::string close = trigger_body("cos:ObjectCreated:*", "", "", R"(,"Enable":"CLOSE")");
  EXPECT_EQ(code("UpdateTriggerStatus", close), "OK");
  EXPECT_EQ(code("UpdateTriggerStatus", close), "FailedOperation.UpdateTriggerStatus");
  cloud_.hold_rule({kBucket, "cos:ObjectCreated:Put", "", "", "workflow"});
  EXPECT_EQ(code("UpdateTriggerStatus", trigger_body()),
            "InvalidParameterValue.CosNotifyRuleConflict");
}

TEST_F(ScriptedCloudTriggers, AreListedInPagesNewestFirst) {
  ASSERT_EQ(create(), "OK");
  for (const char* prefix : {"a/", "b/", "c/"}) {
    ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", prefix)), "OK");
  }
  const auto prefixes = [&](const std::string& more) {
    std::string all;
    const json::object list = call("ListTriggers", R"({"FunctionName":"relay")" + more + "}");
    EXPECT_EQ(list.at("TotalCount").as_int64(), 3);
    for (const json::value& trigger : list.at("Triggers").as_array()) {
      all +=
          json::parse(trigger.at("TriggerDesc").as_string()).at("filter").at("Prefix").as_string();
    }
    return all;
  };
  EXPECT_EQ(prefixes(""), "c/b/a/");
  EXPECT_EQ(prefixes(R"(,"Order":"ASC")"), "a/b/c/");
  EXPECT_EQ(prefixes(R"(,"Limit":2)"), "c/b/");
  EXPECT_EQ(prefixes(R"(,"Limit":2,"Offset":2)"), "a/");
  EXPECT_EQ(prefixes(R"(,"Offset":3)"), "");
}

TEST_F(ScriptedCloudTriggers, HaveQuotas) {
  cloud_.change_limits([](CloudLimits& limits) {
    limits.triggers = 2;
    limits.rules = 1;
  });
  ASSERT_EQ(create(), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "a/")), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "b/")),
            "ResourceInsufficient.COS");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "b/", "", "")), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "c/", "", "")),
            "LimitExceeded.Trigger");
}

}  // namespace
}  // namespace gateway::test
