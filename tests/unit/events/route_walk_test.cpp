#include "events/route_walk.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/record_splitter.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"

namespace gateway::events {
namespace {

// What each record of a body says of those members, as text.
class Facts final : public RecordVisitor {
 public:
  void on_record(std::string_view record, const RecordMembers& members) override {
    std::string text;
    for (const Member member : {Member::bucket, Member::appid, Member::key, Member::event_name}) {
      if (member == Member::event_name) seen_but_for_event.push_back(text);
      const MemberText& at = members[member];
      text += std::string(at.in(record.data())) + (at.escaped != 0 ? " escaped|" : "|");
    }
    seen.push_back(text);
  }
  std::vector<std::string> seen;
  std::vector<std::string> seen_but_for_event;
};

// Expects that both walks see the same of every record, and returns it; where no event's name is
// wanted, that the same bodies are good and the rest is seen.
std::vector<std::string> seen_of(std::string_view body) {
  Facts whole;
  Facts route;
  RecordSplitter splitter;
  Redactor nothing({});
  test::Padded first(body);
  test::Padded second(body);
  const bool good = splitter.split(first.data(), first.size(), whole, nothing).has_value();
  EXPECT_EQ(splitter.split_to_route(second.data(), second.size(), route).has_value(), good) << body;
  if (good) EXPECT_EQ(route.seen, whole.seen) << body;
  Facts by_key;
  test::Padded third(body);
  EXPECT_EQ(splitter.split_to_route(third.data(), third.size(), by_key, RoutedBy::key).has_value(),
            good)
      << body;
  if (good) EXPECT_EQ(by_key.seen_but_for_event, whole.seen_but_for_event) << body;
  return route.seen;
}
std::vector<std::string> seen_of_records(const std::string& records) {
  return seen_of("{\"Records\":[" + records + "]}");
}

TEST(RouteWalk, SeesWhatARecordIsRoutedBy) {
  EXPECT_EQ(seen_of_records(
                R"({"cos":{"cosBucket":{"appid":"1","name":"b"},"cosObject":{"key":"/1/b/k"}},)"
                R"("event":{"eventName":"cos:ObjectCreated:Put"}})"),
            std::vector<std::string>{"b|1|/1/b/k|cos:ObjectCreated:Put|"});
  EXPECT_EQ(seen_of_records(R"({"event":{"eventName":"e"},"cos":{"cosObject":{"key":"a\"b"},)"
                            R"("cosBucket":{"name":"b","appid":12}}})"),
            std::vector<std::string>{R"(b|12|a\"b escaped|e|)"});
}

TEST(RouteWalk, SeesWhatTheOtherWalkSees) {
  for (const std::string& body : {
           R"({"cos":{"cosBucket":{"name":"a","name":"b"}},"cos":{"cosBucket":{"appid":"2"}}})",
           R"({"cos":{"cosBucket":{"name":"a","name":{}}}})",
           R"({"cos":{"cosBucket":{"name":"a","name":null,"appid":true}}})",
           R"({"cos":[{"cosBucket":{"name":"a"}}],"event":[{"eventName":"e"}]})",
           R"({"cos":{"cosBucket":[{"name":"a"}],"cosObject":"key"}})",
           R"({"cos":{"x":{"name":"a","key":"k"},"cosBucket":{"x":{"name":"a"}}}})",
           R"({"cos":"cosBucket","name":"a","key":"k","eventName":"e"})",
           R"({"c\u006fs":{"cosBucket":{"n\u0061me":"a"},"cosObject":{"key":"k"}}})",
           R"({"cos":{"cosBucket":{"name":"a"}},"c\u006fs":{"cosBucket":{"name":"b"}}})",
           R"({ "cos" : { "cosBucket" : { "name" : "a" , "appid" : -1.5e3 } } })",
           R"({"cos":{"cosBucket":{"name":"","appid":""}},"event":{}})",
           R"({})",
           R"({"cos":{"cosObject":{"meta":{"key":"m","x":[{"key":"n"}]},"key":"k"}}})",
           R"({"cos":{"cosObject":{"key":{"key":"m"}},"cosBucket":{"name":["n",{"name":"o"}]}}})",
           R"({"cos":{"cosObject":{"key":"k"},"cosObject":{"key":[]},"x":{"key":"l"}},"key":"m"})",
           R"({"cos":{"cosBucket":{"cosObject":{"key":"k"},"event":{"eventName":"e"}}}})",
           R"({"event":{"cosBucket":{"name":"a"},"cos":{"cosBucket":{"name":"a"}}}})",
           R"({"cos":{"cos":{"cosBucket":{"name":"a"}},"cosBucket":[],"eventName":"e"}})",
           R"({"x":[[[{"cos":1}]],{"cosBucket":{"name":"a"}}],"event":{"eventName":"\/e"}})",
           R"({"event":{"eventName":"e","x":"\"","eventName":"f"},"cos":{"cosObject":{"key":7}}})",
           R"({"event":{"x":{"eventName":"deep"},"eventName":"e","requestParameters":[[{}]]}})",
       }) {
    static_cast<void>(seen_of_records(body));
    static_cast<void>(seen_of_records(body + "," + body));
  }
  for (const char* bad : {R"({"cos":{"cosBucket":{"name"}}})", R"({"cos":{"cosBucket":)",
                          R"({"cos":{"cosBucket":{"name":"a",}}})", R"({"cos" "x"})", R"({"cos":)",
                          R"({"cos":{"cosBucket":{"name":"\x"}}})", R"({"a":1]})", R"({"a)"}) {
    static_cast<void>(seen_of_records(bad));
  }
}

TEST(RouteWalk, SeesWhatTheSamplesSay) {
  for (const auto& [file, body] : test::sample_payloads()) {
    EXPECT_FALSE(seen_of(body).empty()) << file;
  }
}

}  // namespace
}  // namespace gateway::events
