// What the provisioner does about what the service shows otherwise than it was written: it writes
// it once more, and then goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using State = ProvisioningState;

class ReadsOtherwiseTest : public ProvisionerTest {
 protected:
  // The triggers are listed with descriptions that `change` has changed; the service takes the
  // listed ones for what they are.
  void list_triggers_as(const std::function<void(json::object&)>& change) {
    api.shows = [change](const std::string& action, json::object& answer) {
      if (action != "ListTriggers") return;
      for (auto& trigger : answer.at("Triggers").as_array()) {
        auto& text = trigger.at("TriggerDesc");
        json::object description = json::parse(text.as_string()).as_object();
        change(description);
        text = json::serialize(description);
      }
    };
  }
};

TEST_F(ReadsOtherwiseTest, AMaskedVariableIsWrittenOnceAndHoldsUpNoTrigger) {
  api.shows = [](const std::string& action, json::object& answer) {
    if (action != "GetFunction") return;
    for (auto& variable : answer.at("Environment").at("Variables").as_array()) {
      variable.at("Value") = "******";
    }
  };
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionConfiguration"), 1U);
  EXPECT_EQ(provisioner->status().state, State::ready);
}

TEST_F(ReadsOtherwiseTest, ADescriptionIsWrittenAFewTimes) {
  api.shows = [](const std::string& action, json::object& answer) {
    if (action == "GetFunction") {
      answer.at("Description") = std::string(answer.at("Description").as_string().subview(0, 50));
    }
  };
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionConfiguration"), 3U);
  EXPECT_LE(api.count("UpdateFunctionCode"), 1U);
}

TEST_F(ReadsOtherwiseTest, AHandlerIsWrittenOnce) {
  api.shows = [](const std::string& action, json::object& answer) {
    if (action == "GetFunction") answer.at("Handler") = "index.js:main_handler";
  };
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionCode"), 1U);
}

TEST_F(ReadsOtherwiseTest, RetryRulesThatTheAccountCapsAreWrittenOnce) {
  api.shows = [](const std::string& action, json::object& answer) {
    if (action != "GetFunctionEventInvokeConfig") return;
    answer.at("AsyncTriggerConfig").at("RetryConfig").as_array()[0].at("RetryNum") = 1;
  };
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionEventInvokeConfig"), 1U);
}

TEST_F(ReadsOtherwiseTest, ATriggerWhoseDescriptionIsNotUnderstoodIsLeftAlone) {
  there_is_the_relay();
  list_triggers_as([](json::object& description) {
    description["events"] = json::array{description.at("event")};
    description.erase("event");
  });
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("DeleteTrigger"), 0U);
  EXPECT_EQ(model.writes, 0U) << "that it is there is found out by asking for it";
}

TEST_F(ReadsOtherwiseTest, ATriggerThatIsMissingBesideItIsMade) {
  there_is_the_relay();
  relay().triggers.pop_back();
  list_triggers_as([](json::object& description) { description["filter"] = json::array(); });
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(model.writes, 1U);
}

TEST_F(ReadsOtherwiseTest, AFilterInOtherLettersIsUnderstood) {
  there_is_the_relay();
  list_triggers_as([](json::object& description) {
    const json::object filter = description.at("filter").as_object();
    description["filter"] = {{"prefix", filter.at("Prefix")}, {"suffix", filter.at("Suffix")}};
  });
  EXPECT_EQ(converge(make()), "");
  EXPECT_THAT(api.writes(), IsEmpty());
}

TEST_F(ReadsOtherwiseTest, AFunctionIsNotMadeAnewWhoseTriggersCannotBePutBack) {
  there_is_the_relay();
  relay().runtime = "Go1";
  list_triggers_as([](json::object& description) { description.erase("event"); });
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_EQ(provisioner->status().code, "OtherTriggers");
  EXPECT_EQ(model.writes, 0U);
}

}  // namespace
}  // namespace gateway::cloud
