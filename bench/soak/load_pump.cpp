#include "soak/load_pump.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace gateway::soak {
namespace {

constexpr std::size_t kRecordBytes = 1024;

std::string record() {
  std::string text =
      R"({"cos":{"cosSchemaVersion":"1.0","cosObject":{"url":"http://soak-1250000000.cos.)"
      R"(ap-guangzhou.myqcloud.com/photos/2026/3f1c9d7e.jpg","meta":{"x-cos-request-id":)"
      R"("NWMxOWY4MGFfMjViMjU4NjRfMTUyMV8=","Content-Type":"image/jpeg"},"vid":"","key":)"
      R"("/1250000000/soak/photos/2026/3f1c9d7e.jpg","size":1029},"cosBucket":{"region":"gz",)"
      R"("name":"soak","appid":"1250000000"},"cosNotificationId":"unkown"},"event":{"eventName":)"
      R"("cos:ObjectCreated:Put","eventVersion":"1.0","eventTime":1545205770,"eventSource":)"
      R"("qcs::cos","requestParameters":{"requestSourceIP":"192.0.2.1","requestHeaders":)"
      R"({"Authorization":")";
  constexpr std::string_view kEnd =
      R"("}},"eventQueue":"qcs:0:scf:gz:appid/1250000000:default.soak.$LATEST",)"
      R"("reservedInfo":"","reqid":179398952}})";
  text.append(kRecordBytes - text.size() - kEnd.size(), 'x');
  return text.append(kEnd);
}

test::Post post(unsigned records) {
  std::string body = R"({"Records":[)";
  for (unsigned i = 0; i < records; ++i) body.append(i == 0 ? "" : ",").append(record());
  body += "]}";
  std::string wire = fmt::format(
      "POST / HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: {}"
      "\r\n\r\n{}",
      body.size(), body);
  return {std::move(wire), static_cast<std::uint32_t>(body.size()), records};
}

}  // namespace

LoadPump::LoadPump(const Settings& settings) : post_(post(settings.records)) {
  test::LoadSettings load;
  load.target = test::address_of("127.0.0.1", settings.port);
  load.connections = settings.connections;
  load.rate = settings.rate;
  loop_.call([&] {
    load_.emplace(loop_.poller(), load, static_cast<test::PostSource&>(*this));
    loop_.drive(*load_);
    load_->start(std::chrono::steady_clock::now());
  });
}

LoadPump::~LoadPump() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "load: {}\n", error.what());
  }
}

void LoadPump::stop() {
  loop_.call([this] { load_->stop(); });
  loop_.wait_until([this] { return load_->idle(); });
  loop_.stop();
}

double LoadPump::latency_ms(double share) {
  std::chrono::duration<double, std::milli> latency{0};
  loop_.call([&] { latency = load_->latencies().quantile(share); });
  return latency.count();
}

bool LoadPump::ended(const test::Post& post, unsigned status, std::string_view text) {
  if (status == 0) {
    throw std::runtime_error(fmt::format("a post under load was not answered: {}", text));
  }
  if (status == 200) {
    acknowledged_ += post.records;
  } else {
    ++refused_;
  }
  return false;
}

}  // namespace gateway::soak
