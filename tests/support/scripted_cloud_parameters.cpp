#include "support/scripted_cloud_parameters.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "support/scripted_cloud_refusal.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

enum class Type { text, integer, boolean, object, objects, texts };

struct Member {
  std::string_view name;
  Type type = Type::text;
  bool required = false;
  std::vector<Member> members{};  // of an object, or of each object
};
using Schema = std::vector<Member>;

Member required(Member member) {
  member.required = true;
  return member;
}

// Names, types and required members as in the reference of SCF 2018-04-16.
std::map<std::string_view, Schema> make_schemas() {
  const Member name = required({"FunctionName"});
  const Member space{"Namespace"};
  const Member qualifier{"Qualifier"};
  const Member code{"Code",
                    Type::object,
                    false,
                    {{"ZipFile"},
                     {"CosBucketName"},
                     {"CosObjectName"},
                     {"CosBucketRegion"},
                     {"DemoId"},
                     {"TempCosObjectName"}}};
  const Schema configuration{
      {"Description"},
      {"MemorySize", Type::integer},
      {"Timeout", Type::integer},
      {"InitTimeout", Type::integer},
      {"Runtime"},
      {"Role"},
      {"InstallDependency"},
      {"ClsLogsetId"},
      {"ClsTopicId"},
      {"DnsCache"},
      {"Environment",
       Type::object,
       false,
       {{"Variables", Type::objects, false, {required({"Key"}), required({"Value"})}}}},
      {"VpcConfig", Type::object, false, {{"VpcId"}, {"SubnetId"}}},
      {"PublicNetConfig",
       Type::object,
       false,
       {required({"PublicNetStatus"}),
        {"EipConfig", Type::object, false, {required({"EipStatus"})}}}},
      {"DeadLetterConfig",
       Type::object,
       false,
       {required({"Type"}), required({"Name"}), {"FilterType"}}}};

  Schema create{name,
                space,
                required(code),
                {"Handler"},
                {"Type"},
                {"CodeSource"},
                {"AsyncRunEnable"},
                {"TraceEnable"},
                {"AutoDeployClsTopicIndex"},
                {"AutoCreateClsTopic"},
                {"Tags", Type::objects, false, {required({"Key"}), required({"Value"})}}};
  Schema configure{name, space, {"Publish"}, {"IgnoreSysLog", Type::boolean}};
  create.insert(create.end(), configuration.begin(), configuration.end());
  configure.insert(configure.end(), configuration.begin(), configuration.end());

  const Member trigger = required({"TriggerName"});
  const Member type = required({"Type"});
  const Member description{"TriggerDesc"};
  const Member retry{"RetryConfig", Type::objects, true, {{"RetryNum", Type::integer, true}}};
  return {
      {"CreateFunction", create},
      {"GetFunction", {{"FunctionName"}, space, qualifier, {"ShowCode"}}},
      {"ListFunctions",
       {{"Order"},
        {"Orderby"},
        {"Offset", Type::integer},
        {"Limit", Type::integer},
        {"SearchKey"},
        space,
        {"Description"},
        {"Filters", Type::objects, false, {required({"Name"}), {"Values", Type::texts, true}}}}},
      {"ListNamespaces",
       {{"Limit", Type::integer},
        {"Offset", Type::integer},
        {"Orderby"},
        {"Order"},
        {"SearchKey", Type::texts}}},
      {"UpdateFunctionCode",
       {name,
        space,
        {"Handler"},
        {"CosBucketName"},
        {"CosObjectName"},
        {"CosBucketRegion"},
        {"ZipFile"},
        {"InstallDependency"},
        {"EnvId"},
        {"Publish"},
        code,
        {"CodeSource"}}},
      {"UpdateFunctionConfiguration", configure},
      {"DeleteFunction", {name, space, qualifier}},
      {"CreateTrigger",
       {name,
        space,
        trigger,
        type,
        description,
        qualifier,
        {"Enable"},
        {"CustomArgument"},
        {"Description"}}},
      {"ListTriggers",
       {name,
        space,
        {"Offset", Type::integer},
        {"Limit", Type::integer},
        {"OrderBy"},
        {"Order"},
        {"Filters", Type::objects, false, {required({"Name"}), {"Values", Type::texts, true}}}}},
      {"DeleteTrigger", {name, space, trigger, type, description, qualifier}},
      {"UpdateTriggerStatus",
       {required({"Enable"}), name, space, trigger, type, description, qualifier}},
      {"GetFunctionEventInvokeConfig", {name, space, qualifier}},
      {"UpdateFunctionEventInvokeConfig",
       {name,
        space,
        {"AsyncTriggerConfig", Type::object, true, {retry, {"MsgTTL", Type::integer, true}}}}},
      {"GetAccount", {}},
  };
}

const std::map<std::string_view, Schema>& schemas() {
  static const std::map<std::string_view, Schema> all = make_schemas();
  return all;
}

void check(const Schema& schema, const json::object& object, const std::string& path);

void check(const Member& member, const json::value& value, const std::string& path) {
  bool fits = false;
  switch (member.type) {
    case Type::text: fits = value.is_string(); break;
    case Type::integer: fits = value.is_int64(); break;
    case Type::boolean: fits = value.is_bool(); break;
    case Type::object: fits = value.is_object(); break;
    case Type::objects:
      fits = value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                             [](const auto& part) { return part.is_object(); });
      break;
    case Type::texts:
      fits = value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                             [](const auto& part) { return part.is_string(); });
      break;
  }
  if (!fits) throw CloudRefusal("InvalidParameter", "The parameter " + path + " has a wrong type.");
  if (member.type == Type::object) check(member.members, value.get_object(), path + ".");
  if (member.type == Type::objects) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      check(member.members, value.get_array()[i].get_object(),
            path + "." + std::to_string(i) + ".");
    }
  }
}

void check(const Schema& schema, const json::object& object, const std::string& path) {
  for (const auto& [name, value] : object) {
    const std::string_view text(name.data(), name.size());
    const auto member = std::find_if(schema.begin(), schema.end(),
                                     [&](const Member& known) { return known.name == text; });
    if (member == schema.end()) {
      throw CloudRefusal("UnknownParameter",
                         "The parameter " + path + std::string(text) + " is not recognized.");
    }
    check(*member, value, path + std::string(text));
  }
  for (const Member& member : schema) {
    if (member.required && !object.contains(member.name)) {
      throw CloudRefusal("MissingParameter", "The request lacks the required parameter " + path +
                                                 std::string(member.name) + ".");
    }
  }
}

}  // namespace

bool is_cloud_action(std::string_view action) {
  return schemas().contains(action);
}

void check_parameters(std::string_view action, const json::object& parameters) {
  check(schemas().at(action), parameters, "");
}

std::string text_member(const json::object& object, std::string_view name,
                        std::string_view otherwise) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? std::string(otherwise) : std::string(value->as_string());
}

std::int64_t integer_member(const json::object& object, std::string_view name,
                            std::int64_t otherwise) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? otherwise : value->as_int64();
}

void require_choice(const json::object& object, std::string_view name,
                    const std::vector<std::string_view>& choices, const std::string& code) {
  if (!object.contains(name)) return;
  const std::string value = text_member(object, name);
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    throw CloudRefusal(code, std::string(name) + " cannot be " + value + ".");
  }
}

}  // namespace gateway::test
