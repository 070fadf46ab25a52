#include "micro/payloads.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/replace.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "events/record_splitter.hpp"

namespace gateway::micro {
namespace {

constexpr std::string_view kCurrent =
    R"({"cos":{"cosBucket":{"appid":"1250000000","cosRegion":"ap-guangzhou","name":"bench",)"
    R"("region":"gz","s3Region":"ap-guangzhou"},"cosNotificationId":"unkown","cosObject":{)"
    R"("key":"/1250000000/bench/photos/2026/01/02/3f1c9d7e.jpg","meta":{"Content-Type":)"
    R"("image/jpeg","ETag":"\"0123456789abcdef0123456789abcdef\"","x-cos-request-id":)"
    R"("NjNhYmNkZWZfMTIzNDU2NzhfMWFiMl8xMjM0NTY3","x-cos-storage-class":"STANDARD"},)"
    R"("size":48213,"url":"http://bench-1250000000.cos.ap-guangzhou.myqcloud.com/photos/2026)"
    R"(/01/02/3f1c9d7e.jpg","vid":""},"cosSchemaVersion":"1.0"},"event":{"eventName":)"
    R"("cos:ObjectCreated:Put","eventQueue":"qcs:0:scf:ap-guangzhou:appid/1250000000:default.)"
    R"(bench.$DEFAULT","eventSource":"qcs::cos","eventTime":1767322800,"eventVersion":"1.0",)"
    R"("reqid":0,"requestParameters":{"requestHeaders":{"Authorization":"q-sign-algorithm=)"
    R"(sha1&q-ak=AKIDexample&q-sign-time=1767322790;1767326390&q-key-time=1767322790;)"
    R"(1767326390&q-header-list=host&q-url-param-list=&q-signature=0123456789abcdef01234567"},)"
    R"("requestSourceIP":"203.0.113.7"},"reservedInfo":""}})";

constexpr std::string_view kOlder =
    R"({"cos":{"cosSchemaVersion":"1.0","cosObject":{"url":"http://bench-1250000000.cos.ap-gu)"
    R"(angzhou.myqcloud.com/3f1c9d7e.jpg","meta":{"x-cos-request-id":"NjNhYmNkZWZfMTIzNDU2Nzh)"
    R"(fMWFiMl8xMjM0NTY3","Content-Type":"","x-cos-meta-mykey":"myvalue"},"vid":"","key":"/12)"
    R"(50000000/bench/3f1c9d7e.jpg","size":1029},"cosBucket":{"region":"gz","name":"bench","a)"
    R"(ppid":"1250000000"},"cosNotificationId":"unkown"},"event":{"eventName":"cos:ObjectCrea)"
    R"(ted:Post","eventVersion":"1.0","eventTime":1545205770,"eventSource":"qcs::cos","reques)"
    R"(tParameters":{"requestSourceIP":"192.0.2.7","requestHeaders":{"Authorization":"q-sign-)"
    R"(algorithm=sha1&q-ak=AKIDexample&q-sign-time=1545205709;1545215769&q-key-time=154520570)"
    R"(9;1545215769&q-header-list=host;x-cos-storage-class&q-signature=0123456789abcdef012345)"
    R"(6789abcdef0123"}},"eventQueue":"qcs:0:lambda:gz:appid/1250000000:default.bench.$LATEST)"
    R"(","reservedInfo":"","reqid":179398952}})";

// Prints indented JSON, which Boost.JSON cannot do.
void indent(const boost::json::value& value, std::string& out, const std::string& margin) {
  const auto* const object = value.if_object();
  if (object == nullptr || object->empty()) {
    out += boost::json::serialize(value);
    return;
  }
  const char* before = "{\n";
  for (const auto& [name, member] : *object) {
    out.append(before).append(margin).append("  \"").append(name).append("\": ");
    indent(member, out, margin + "  ");
    before = ",\n";
  }
  out.append("\n").append(margin).append("}");
}

std::string with_awkward_key(std::string record) {
  constexpr std::string_view kOrdinary = "photos/2026/01/02/3f1c9d7e.jpg";
  constexpr std::size_t kLongest = 850;
  std::string key;
  while (key.size() < kLongest) key += R"(图片/say \"cheese\"/back\\slash/)";
  return record.replace(record.find(kOrdinary), kOrdinary.size(), key);
}

// Each of another object, of the same size: of two equal records the second has a stable id that is
// hashed twice.
std::string nth(std::string record, std::size_t n) {
  boost::replace_all(record, "3f1c9d7e", fmt::format("{:08x}", n));
  return record;
}

}  // namespace

events::EncoderSettings bench_encoder() {
  events::EncoderSettings settings;
  settings.request_target = "/gateway/bench";
  settings.host = "eventbus.example:8080";
  settings.source = "vanus-cos-source-function-1234";
  return settings;
}

std::string record_of(Form form) {
  switch (form) {
    case Form::current: break;
    case Form::older: return std::string(kOlder);
    case Form::indented: {
      std::string out;
      indent(boost::json::parse(kCurrent), out, "    ");
      return out;
    }
    case Form::awkward_key: return with_awkward_key(std::string(kCurrent));
  }
  return std::string(kCurrent);
}

std::string post_of(Form form, std::size_t records) {
  const std::string record = record_of(form);
  std::string body = R"({"Records":[)";
  for (std::size_t i = 0; i < records; ++i) {
    if (i != 0) body += ',';
    body += nth(record, i);
  }
  return padded(body + "]}");
}

std::string padded(std::string text) {
  text.reserve(text.size() + events::RecordSplitter::kPadding);
  return text;
}

}  // namespace gateway::micro
