#include "gateway/auth/signature.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <string>
#include <vector>

#include "cloud/digest.hpp"
#include "gateway/auth/authenticator.hpp"
#include "support/payloads.hpp"

namespace gateway::auth {
namespace {

std::string trimmed(std::string text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// One vector: a request as it is sent, and what its signatures are. The relay is held against the
// same file.
class SignatureVector {
 public:
  explicit SignatureVector(const boost::json::object& vector) : vector_(vector) {
    for (const auto& field : vector.at("fields").as_array()) {
      std::string name(field.at(0).as_string());
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (name != "content-type" && !name.starts_with("ce-")) continue;
      kept_.emplace_back(std::move(name), trimmed(std::string(field.at(1).as_string())));
    }
    for (const auto& [name, value] : kept_) fields_.push_back({name, value});
    sort(fields_);
  }

  [[nodiscard]] std::string text(const char* member) const {
    return std::string(vector_.at(member).as_string());
  }
  [[nodiscard]] const std::vector<SignedField>& fields() const { return fields_; }

 private:
  const boost::json::object& vector_;
  std::vector<std::pair<std::string, std::string>> kept_;
  std::vector<SignedField> fields_;
};

TEST(SignedText, IsThatOfTheVectors) {
  const auto file = boost::json::parse(test::test_data("signature/vectors.json"));
  ASSERT_FALSE(file.as_array().empty());
  for (const auto& row : file.as_array()) {
    const SignatureVector vector(row.as_object());
    SCOPED_TRACE(vector.text("name"));
    const std::string body = vector.text("body");
    std::string prefix;
    write_v2_prefix(prefix, vector.text("time"), vector.fields());
    EXPECT_EQ(prefix + body, vector.text("signed_v2"));

    Authenticator authenticator({Secret(vector.text("key"))});
    for (const char* version : {"v1", "v2"}) {
      const std::string field =
          "t=" + vector.text("time") + "," + version + "=" + vector.text(version);
      EXPECT_TRUE(authenticator.signs({field, vector.fields(), body})) << version;
    }
    const std::string swapped = "t=" + vector.text("time") + ",v2=" + vector.text("v1");
    EXPECT_FALSE(authenticator.signs({swapped, vector.fields(), body}));
  }
}

TEST(SignedText, FieldsOfOneNameKeepTheirOrder) {
  std::vector<SignedField> fields{{"ce-b", "1"}, {"ce-a", "2"}, {"ce-b", "3"}, {"ce-a", "4"}};
  sort(fields);
  std::string values;
  for (const auto& field : fields) values += field.value;
  EXPECT_EQ(values, "2413");
}

}  // namespace
}  // namespace gateway::auth
