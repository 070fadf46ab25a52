#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"

namespace gateway::events {
namespace {

// A record as the service has sent them since 2022, about 900 bytes; the ETag has quotes in it.
constexpr std::string_view kRecord =
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

std::string padded(std::string text) {
  text.reserve(text.size() + RecordSplitter::kPadding);
  return text;
}

std::string post_of(std::int64_t records) {
  std::string body = R"({"Records":[)";
  for (std::int64_t i = 0; i < records; ++i) {
    if (i != 0) body += ',';
    body += kRecord;
  }
  return padded(body + "]}");
}

void report(benchmark::State& state, std::size_t bytes, std::int64_t records) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["per_record"] = benchmark::Counter(
      static_cast<double>(records),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void split(benchmark::State& state) {
  const std::string body = post_of(state.range(0));
  RecordSplitter splitter;
  for (auto _ : state) benchmark::DoNotOptimize(splitter.split(body.data(), body.size()));
  report(state, body.size(), state.range(0));
}
BENCHMARK(split)->Arg(1)->Arg(10)->Arg(100);

// What finding the tokens costs, without the walk.
void index_only(benchmark::State& state) {
  const std::string body = post_of(state.range(0));
  JsonIndex index;
  for (auto _ : state) benchmark::DoNotOptimize(index.read(body.data(), body.size()));
  report(state, body.size(), state.range(0));
}
BENCHMARK(index_only)->Arg(1)->Arg(10)->Arg(100);

// The nearest thing the library offers that validates everything; it gives no spans.
void simdjson_dom(benchmark::State& state) {
  const std::string body = post_of(state.range(0));
  simdjson::dom::parser parser;
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(body.data(), body.size(), false));
  report(state, body.size(), state.range(0));
}
BENCHMARK(simdjson_dom)->Arg(1)->Arg(10)->Arg(100);

void encode(benchmark::State& state, ContentMode mode, std::vector<RecordAttribute> attributes) {
  EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/gateway/bench";
  settings.host = "eventbus.example:8080";
  settings.source = "vanus-cos-source-function-1234";
  settings.attributes = std::move(attributes);
  Encoder encoder(settings);
  RandomUuids ids;
  Gather gather;
  const std::string record = padded(std::string(kRecord));
  OutgoingEvent event;
  event.time = WallTime{std::chrono::milliseconds{1767322800123}};
  event.record = record;
  for (auto _ : state) {
    // As a connection would: some dozens of requests for each write.
    for (int i = 0; i < 32; ++i) {
      event.id = ids.next();
      encoder.append(event, gather);
    }
    benchmark::DoNotOptimize(gather.pieces().data());
    gather.sent(gather.bytes());
  }
  report(state, 32 * record.size(), 32);
}
BENCHMARK_CAPTURE(encode, binary, ContentMode::binary, {});
BENCHMARK_CAPTURE(encode, structured, ContentMode::structured, {});
BENCHMARK_CAPTURE(encode, batches_of_one, ContentMode::batch, {});
BENCHMARK_CAPTURE(encode, binary_with_attributes, ContentMode::binary,
                  {RecordAttribute::subject, RecordAttribute::cosbucket, RecordAttribute::cosregion,
                   RecordAttribute::coseventname, RecordAttribute::coseventtime});

void random_uuid(benchmark::State& state) {
  RandomUuids ids;
  for (auto _ : state) benchmark::DoNotOptimize(ids.next());
}
BENCHMARK(random_uuid);

void uuid_text(benchmark::State& state) {
  const Uuid id = RandomUuids().next();
  std::array<char, Uuid::kTextSize> text{};
  for (auto _ : state) {
    id.write(text.data());
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(uuid_text);

void read_cos_record(benchmark::State& state) {
  const std::string record = padded(std::string(kRecord));
  CosRecordReader reader;
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(record));
  report(state, record.size(), 1);
}
BENCHMARK(read_cos_record);

void stable_id(benchmark::State& state) {
  const std::string record = padded(std::string(kRecord));
  CosRecordReader reader;
  const CosRecord fields = reader.read(record);
  StableIds ids;
  for (auto _ : state) {
    ids.begin_post();
    benchmark::DoNotOptimize(ids.next(fields, record));
  }
}
BENCHMARK(stable_id);

void redact(benchmark::State& state) {
  const std::string record = padded(std::string(kRecord));
  std::string copy = record;
  copy.reserve(record.size() + RecordSplitter::kPadding);
  Redactor redactor({"Authorization"});
  for (auto _ : state) {
    std::copy(record.begin(), record.end(), copy.begin());
    benchmark::DoNotOptimize(redactor.redact(copy.data(), copy.size()));
  }
  report(state, record.size(), 1);
}
BENCHMARK(redact);

}  // namespace
}  // namespace gateway::events
