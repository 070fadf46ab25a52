#include "support/payloads.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace gateway::test {
namespace {

std::string json_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string cos_record(std::string_view key) {
  const std::string escaped = json_escaped(key);
  return fmt::format(
      R"({{"cos":{{"cosSchemaVersion":"1.0","cosObject":{{)"
      R"("url":"http://pictures-1250000000.cos.ap-guangzhou.myqcloud.com/{0}",)"
      R"("meta":{{"x-cos-request-id":"NWViNTZmMmFfOTJhODQwYV80MGZmXzI0Y2ZkYmM=",)"
      R"("Content-Type":"application/octet-stream"}},"vid":"",)"
      R"("key":"/1250000000/pictures/{0}","size":10486}},)"
      R"("cosBucket":{{"region":"ap-guangzhou","name":"pictures","appid":"1250000000"}},)"
      R"("cosNotificationId":"unkown"}},)"
      R"("event":{{"eventName":"cos:ObjectCreated:Put","eventVersion":"1.0",)"
      R"("eventTime":1700000000,"eventSource":"qcs::cos",)"
      R"("requestParameters":{{"requestSourceIP":"203.0.113.7","requestHeaders":{{)"
      R"("Authorization":"q-sign-algorithm=sha1&q-ak=EXAMPLE"}}}},)"
      R"("eventQueue":"qcs:0:scf:ap-guangzhou:appid/1250000000:default.relay.$LATEST",)"
      R"("reservedInfo":"","reqid":1038862404}}}})",
      escaped);
}

std::string cos_payload(const std::vector<std::string>& records) {
  return fmt::format(R"({{"Records":[{}]}})", fmt::join(records, ","));
}

std::vector<std::string> cos_records(std::size_t count, std::string_view prefix) {
  std::vector<std::string> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    records.push_back(cos_record(fmt::format("{}{}", prefix, i)));
  return records;
}

std::string cos_payload(std::size_t count, std::string_view prefix) {
  return cos_payload(cos_records(count, prefix));
}

std::string test_data(const std::string& name) {
  std::ifstream file(std::string(COS_GATEWAY_TEST_DATA) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no test data " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace gateway::test
