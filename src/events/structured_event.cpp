#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "events/base64.hpp"
#include "events/cloud_event.hpp"
#include "events/event_attributes.hpp"
#include "events/json_index.hpp"
#include "events/json_text.hpp"
#include "events/media_type.hpp"
#include "events/number_text.hpp"

namespace gateway::events {
namespace {

// Attributes that the specification types as strings, where an integer would change its meaning.
constexpr std::array<std::string_view, 6> kStringAttributes = {
    "specversion", "id", "source", "type", "subject", "dataschema"};

// Those of the specification and one more.
constexpr std::size_t kUsualAttributes = 8;

// The type system's Integer: a whole number of 32 bits, with its sign.
bool is_integer(std::string_view number) noexcept {
  return read_number<std::int32_t>(number).has_value();
}

bool is_whole(std::string_view number) noexcept {
  return number.find_first_of(".eE") == std::string_view::npos;
}

// Reads one event, a JSON object, at a cursor. False: the cursor knows why.
class StructuredReader {
 public:
  StructuredReader(JsonCursor& json, EventFrom from) noexcept : json_(json), from_(from) {}

  [[nodiscard]] bool read(CloudEvent& event) {
    event_ = &event;
    count_ = 0;
    event.content_type.clear();
    event.data.clear();
    event.data_kind = CloudEvent::DataKind::none;
    data_ = Data{};
    base64_ = Data{};
    if (!json_.next_is('{', "an event is not an object")) return false;
    const std::size_t begin = json_.offset();
    const auto member = [this](const JsonString& name) { return read_member(name); };
    if (!json_.object(member)) return false;
    event.attributes.resize(count_);
    const auto wrong = finish_attributes(event);
    if (!wrong.empty()) return json_.fail(wrong, begin);
    return finish_data();
  }

 private:
  // Where a data member's value lies; `text` is what it means if it is a string.
  struct Data {
    bool there = false;
    bool is_string = false;
    bool has_lone_surrogate = false;
    std::size_t offset = 0;
    std::string_view raw;
    std::string text;
  };

  bool read_member(const JsonString& json_name) {
    std::string unescaped;
    if (json_name.has_escapes()) unescaped = json_name.text();
    const std::string_view name = json_name.has_escapes() ? unescaped : json_name.raw();
    const std::size_t at = json_name.offset();
    if (name == "data") return read_data(data_, at);
    if (name == "data_base64") return json_.peek() == 'n' ? json_.value() : read_data(base64_, at);
    const std::size_t begin = json_.offset();
    const char first = json_.peek();
    CloudEvent::Attribute& attribute = next_attribute();
    attribute.json_literal = first != '"';
    if (!attribute.json_literal) {
      JsonString string;
      if (!json_.string(string)) return false;
      if (!is_text(string)) return false;
      string.write_to(attribute.value);
    } else {
      if (!json_.value()) return false;
      if (first == 'n') return true;
      attribute.value = json_.text(begin, json_.end());
      const bool fits =
          first != '{' && first != '[' && is_integer_or_boolean(first, attribute.value);
      if (!fits) return json_.fail("an attribute is not a string, boolean or integer", begin);
      if (is_string_attribute(name)) return json_.fail("an attribute is not a string", begin);
      if (name == "time") {
        if (first == 't' || first == 'f') return json_.fail("an attribute is not a string", begin);
        attribute.json_literal = false;  // digits, as in a string
      } else if (from_ == EventFrom::sender && first != 't' && first != 'f' &&
                 !is_integer(attribute.value)) {
        return json_.fail("an integer beyond 32 bits", begin);
      }
    }
    if (name == "datacontenttype") return set_content_type(attribute.value, at);
    attribute.name = name;
    const auto before = std::span<const CloudEvent::Attribute>(event_->attributes).first(count_);
    auto wrong = accept_attribute(before, attribute, from_);
    if (wrong.empty() && from_ == EventFrom::sender) wrong = check_uri(name, attribute.value);
    ++count_;
    return wrong.empty() || json_.fail(wrong, at);
  }

  // One of those the event had before, or a new one. It counts when count_ is past it.
  CloudEvent::Attribute& next_attribute() {
    auto& attributes = event_->attributes;
    return count_ < attributes.size() ? attributes[count_] : attributes.emplace_back();
  }

  // Two strings that differ must not become one.
  bool is_text(const JsonString& string) {
    return from_ == EventFrom::store || !string.has_escapes() ||
           !has_lone_surrogate(string.raw()) ||
           json_.fail("half a surrogate pair in a string", string.offset());
  }
  static bool is_integer_or_boolean(char first, std::string_view text) noexcept {
    return first == 't' || first == 'f' || is_whole(text);
  }
  static bool is_string_attribute(std::string_view name) noexcept {
    return name == "datacontenttype" ||
           std::find(kStringAttributes.begin(), kStringAttributes.end(), name) !=
               kStringAttributes.end();
  }

  bool set_content_type(const std::string& value, std::size_t at) {
    if (!event_->content_type.empty()) return json_.fail("an attribute comes twice", at);
    if (value.empty() || (from_ == EventFrom::sender && !is_attribute_text(value))) {
      return json_.fail("datacontenttype is not a media type", at);
    }
    const auto wrong = accept_content_type(*event_, value, from_);
    return wrong.empty() || json_.fail("datacontenttype is not a media type", at);
  }

  bool read_data(Data& data, std::size_t at) {
    if (data.there) return json_.fail("data comes twice", at);
    data.there = true;
    data.offset = json_.offset();
    if (json_.peek() == '"') {
      JsonString string;
      if (!json_.string(string)) return false;
      data.is_string = true;
      data.has_lone_surrogate = string.has_escapes() && has_lone_surrogate(string.raw());
      data.text = string.text();
    } else if (!json_.value()) {
      return false;
    }
    data.raw = json_.text(data.offset, json_.end());
    return true;
  }

  bool finish_data() {
    if (data_.there && base64_.there) {
      return json_.fail("both data and data_base64", std::max(data_.offset, base64_.offset));
    }
    if (base64_.there) {
      auto bytes = base64_.is_string ? decode_base64(base64_.text) : std::nullopt;
      if (!bytes) return json_.fail("data_base64 is not Base64", base64_.offset);
      event_->data = std::move(*bytes);
      event_->data_kind = CloudEvent::DataKind::bytes;
    } else if (data_.there) {
      // JSON format 3.1: without datacontenttype the data is JSON, a string included.
      const bool text = data_.is_string && !event_->content_type.empty() &&
                        !is_json_media_type(event_->content_type);
      if (text && data_.has_lone_surrogate && from_ == EventFrom::sender) {
        return json_.fail("half a surrogate pair in a string", data_.offset);
      }
      event_->data = text ? std::string_view(data_.text) : data_.raw;
      event_->data_kind = text ? CloudEvent::DataKind::text : CloudEvent::DataKind::json;
    }
    return true;
  }

  JsonCursor& json_;
  const EventFrom from_;
  CloudEvent* event_ = nullptr;
  std::size_t count_ = 0;  // of its attributes, those that have been read
  Data data_;
  Data base64_;
};

boost::system::result<void, Malformed> read(std::string_view body, EventFrom from, JsonIndex& index,
                                            CloudEvent& event) {
  const std::size_t depth = from == EventFrom::sender ? JsonDepth::kEvent : JsonDepth::kRead;
  auto json = index.read(body.data(), body.size(), depth);
  if (!json) return json.error();
  StructuredReader reader(*json, from);
  if (!reader.read(event) || !json->finish()) return json->error();
  return {};
}

}  // namespace

boost::system::result<CloudEvent, Malformed> read_structured_event(std::string_view body,
                                                                   EventFrom from) {
  JsonIndex index;
  CloudEvent event;
  event.attributes.reserve(kUsualAttributes);
  if (const auto done = read(body, from, index, event); !done) return done.error();
  return event;
}

boost::system::result<void, Malformed> read_stored_event(std::string_view json, JsonIndex& index,
                                                         CloudEvent& event) {
  return read(json, EventFrom::store, index, event);
}

boost::system::result<std::vector<CloudEvent>, Malformed> read_event_batch(std::string_view body) {
  JsonIndex index;
  auto json = index.read(body.data(), body.size(), JsonDepth::kBatch);
  if (!json) return json.error();
  std::vector<CloudEvent> events;
  StructuredReader reader(*json, EventFrom::sender);
  const auto element = [&] { return reader.read(events.emplace_back()); };
  if (!json->next_is('[', "a batch is not an array") || !json->array(element) || !json->finish()) {
    return json->error();
  }
  return events;
}

bool looks_like_event(std::string_view body) {
  JsonIndex index;
  auto json = index.read(body.data(), body.size());
  if (!json || json->peek() != '{') return false;
  std::array<std::string_view, 4> wanted = {"specversion", "id", "source", "type"};
  bool records = false;
  const auto member = [&](const JsonString& name) {
    records = records || name.is("Records");
    for (auto& it : wanted) {
      if (!it.empty() && name.is(it)) it = {};
    }
    return json->value();
  };
  return json->object(member) && !records &&
         std::all_of(wanted.begin(), wanted.end(), [](auto it) { return it.empty(); });
}

}  // namespace gateway::events
