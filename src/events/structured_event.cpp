#include <algorithm>
#include <span>
#include <utility>

#include "events/base64.hpp"
#include "events/cloud_event.hpp"
#include "events/event_attributes.hpp"
#include "events/json_index.hpp"
#include "events/media_type.hpp"

namespace gateway::events {
namespace {

// Attributes that the specification types as strings, where an integer would change its meaning.
constexpr std::array<std::string_view, 7> kStringAttributes = {
    "specversion", "id", "source", "type", "time", "subject", "dataschema"};

// Those of the specification and one more.
constexpr std::size_t kUsualAttributes = 8;

bool is_integer(std::string_view number) noexcept {
  return number.find_first_of(".eE") == std::string_view::npos;
}

// Reads one event, a JSON object, at a cursor. False: the cursor knows why.
class StructuredReader {
 public:
  explicit StructuredReader(JsonCursor& json) noexcept : json_(json) {}

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
      string.write_to(attribute.value);
    } else {
      if (!json_.value()) return false;
      if (first == 'n') return true;
      attribute.value = json_.text(begin, json_.end());
      const bool fits =
          first != '{' && first != '[' && is_integer_or_boolean(first, attribute.value);
      if (!fits) return json_.fail("an attribute is not a string, boolean or integer", begin);
      if (is_string_attribute(name)) return json_.fail("an attribute is not a string", begin);
    }
    if (name == "datacontenttype") return set_content_type(attribute.value, at);
    attribute.name = name;
    const auto before = std::span<const CloudEvent::Attribute>(event_->attributes).first(count_);
    const auto wrong = check_attribute(before, attribute);
    ++count_;
    return wrong.empty() || json_.fail(wrong, at);
  }

  // One of those the event had before, or a new one. It counts when count_ is past it.
  CloudEvent::Attribute& next_attribute() {
    auto& attributes = event_->attributes;
    return count_ < attributes.size() ? attributes[count_] : attributes.emplace_back();
  }

  static bool is_integer_or_boolean(char first, std::string_view text) noexcept {
    return first == 't' || first == 'f' || is_integer(text);
  }
  static bool is_string_attribute(std::string_view name) noexcept {
    return name == "datacontenttype" ||
           std::find(kStringAttributes.begin(), kStringAttributes.end(), name) !=
               kStringAttributes.end();
  }

  bool set_content_type(const std::string& value, std::size_t at) {
    if (!event_->content_type.empty()) return json_.fail("an attribute comes twice", at);
    if (value.empty() || !is_attribute_text(value)) {
      return json_.fail("datacontenttype is not a media type", at);
    }
    event_->content_type = value;
    return true;
  }

  bool read_data(Data& data, std::size_t at) {
    if (data.there) return json_.fail("data comes twice", at);
    data.there = true;
    data.offset = json_.offset();
    if (json_.peek() == '"') {
      JsonString string;
      if (!json_.string(string)) return false;
      data.is_string = true;
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
      event_->data = text ? std::string_view(data_.text) : data_.raw;
      event_->data_kind = text ? CloudEvent::DataKind::text : CloudEvent::DataKind::json;
    }
    return true;
  }

  JsonCursor& json_;
  CloudEvent* event_ = nullptr;
  std::size_t count_ = 0;  // of its attributes, those that have been read
  Data data_;
  Data base64_;
};

}  // namespace

boost::system::result<CloudEvent, Malformed> read_structured_event(std::string_view body) {
  JsonIndex index;
  CloudEvent event;
  event.attributes.reserve(kUsualAttributes);
  if (const auto read = read_structured_event(body, index, event); !read) return read.error();
  return event;
}

boost::system::result<void, Malformed> read_structured_event(std::string_view body,
                                                             JsonIndex& index, CloudEvent& event) {
  auto json = index.read(body.data(), body.size());
  if (!json) return json.error();
  StructuredReader reader(*json);
  if (!reader.read(event) || !json->finish()) return json->error();
  return {};
}

boost::system::result<std::vector<CloudEvent>, Malformed> read_event_batch(std::string_view body) {
  JsonIndex index;
  auto json = index.read(body.data(), body.size());
  if (!json) return json.error();
  std::vector<CloudEvent> events;
  StructuredReader reader(*json);
  const auto element = [&] { return reader.read(events.emplace_back()); };
  if (!json->next_is('[', "a batch is not an array") || !json->array(element) || !json->finish()) {
    return json->error();
  }
  return events;
}

}  // namespace gateway::events
