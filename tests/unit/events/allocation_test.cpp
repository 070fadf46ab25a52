// What the headers promise of the steady state: once warm, nothing on the way of a record takes
// memory. Counts every operator new of this program, so it stands aside where a sanitizer does.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"
#include "support/sanitized.hpp"
#include "unit/events/encoder_support.hpp"

#ifndef COS_GATEWAY_SANITIZED
namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace gateway::events {
namespace {

TEST(Allocation, ARecordCostsNoneOnItsWay) {
  std::vector<test::Padded> bodies;
  for (const auto& [name, payload] : test::sample_payloads()) bodies.emplace_back(payload);
  EncoderSettings settings = test::with_all_attributes(ContentMode::binary);
  Encoder binary(settings);
  settings.mode = ContentMode::structured;
  Encoder structured(settings);
  class Notes final : public RecordVisitor {
   public:
    void on_record(std::string_view record, const RecordMembers& found) override {
      ids.push_back(stable.next(reader.read(record, found), record));
      members.push_back(found);
    }
    StableIds stable;
    CosRecordReader reader;
    std::vector<Uuid> ids;
    std::vector<RecordMembers> members;
  } notes;
  Redactor redactor({"Authorization", "Host"});
  RecordSplitter splitter;
  Gather gather;
  std::size_t records = 0;

  const auto pass_all = [&] {
    for (auto& body : bodies) {
      notes.ids.clear();
      notes.members.clear();
      notes.stable.begin_post();
      const auto spans = splitter.split(body.data(), body.size(), notes, redactor);
      if (!spans) continue;
      for (std::size_t i = 0; i < spans->size(); ++i) {
        OutgoingEvent event;
        event.id = notes.ids[i];
        event.members = &notes.members[i];
        event.record = body.view().substr((*spans)[i].offset, (*spans)[i].length);
        binary.append(event, gather);
        structured.append(event, gather);
        ++records;
        // Never quite empty, as on a busy connection.
        if (gather.bytes() > 20000) gather.sent(gather.bytes() - 1000);
      }
    }
  };
  for (int i = 0; i < 100; ++i) pass_all();
  records = 0;
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) pass_all();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(records, 100 * bodies.size());
}

}  // namespace
}  // namespace gateway::events
#endif
