#pragma once
#include <string>
#include <string_view>

#include "events/cos_record.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

// The attributes that an event can have of its record.
enum class RecordAttribute { subject, cosbucket, cosregion, coseventname, coseventtime };

[[nodiscard]] std::string_view name_of(RecordAttribute attribute) noexcept;
// Returns how a header field with the attribute begins, up to its value.
[[nodiscard]] std::string_view header_of(RecordAttribute attribute) noexcept;
// Returns what value_of() reads of a record.
[[nodiscard]] MemberSet members_for(RecordAttribute attribute) noexcept;
// Returns the attribute's text, in `buffer` if it does not stand in the record as it is; may be
// empty.
[[nodiscard]] std::string_view value_of(RecordAttribute attribute, const CosRecord& fields,
                                        std::string& buffer);

}  // namespace gateway::events
