#pragma once
#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "events/record_splitter.hpp"
#include "events/redactor.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "gateway/pipeline/route_plan.hpp"

namespace gateway {

// What event.redact of the top level and of the entries of `buckets` names is taken out of records.
// Nearly always all of them name the same: then it is done on the walk that finds the records.
// Where they differ, which names count is known only when a record's bucket has been found, and
// each record is searched by itself.
class StyleRedaction {
 public:
  explicit StyleRedaction(const RoutePlan& plan);

  // Returns what is to work on the walk.
  [[nodiscard]] events::Redactor& on_walk() noexcept { return differ_ ? none_ : redactors_[0]; }
  // Returns what works on events that are passed on.
  [[nodiscard]] events::Redactor& top_level() noexcept { return redactors_[0]; }
  // Does what the walk could not, and tells `notes` where it changed a record. Returns the index of
  // a record that cannot be searched.
  [[nodiscard]] std::optional<std::size_t> after_walk(char* body,
                                                      std::span<const events::RecordSpan> records,
                                                      RecordNotes& notes);

 private:
  const RoutePlan& plan_;
  std::deque<events::Redactor> redactors_;  // by style
  events::Redactor none_{{}};
  bool differ_ = false;
};

}  // namespace gateway
