#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/distribution.hpp"
#include "testkit/random.hpp"
#include "testkit/record_text.hpp"

namespace gateway::load {

// Which characters the key of an object has.
enum class KeyCharacters {
  ascii,    // letters, digits, and a slash now and then
  percent,  // the same with what a URL must encode: blanks, %, +, &, #
  utf8,     // Chinese, accents and emoji: characters of two to four bytes
  escapes   // the same as ascii with what JSON must escape: quotes, backslashes, control characters
};

// A mix of kinds of events, each with a weight.
class EventMix {
 public:
  // Creates what a busy bucket reports: mostly uploads, some multipart, copies and deletes.
  EventMix();

  // Parses "put:80,post:5,copy:3,multipart:7,delete:5", or some of these. Returns the mix, or an
  // error that says what is wrong.
  [[nodiscard]] static boost::system::result<EventMix, std::string> parse(std::string_view text);

  // Returns the name of a random event as it appears in a record.
  [[nodiscard]] std::string_view choose(test::Random& random) const;

 private:
  struct Share {
    std::string_view name;   // as on the command line
    std::string_view event;  // as in a record
    unsigned weight = 0;
  };

  std::vector<Share> shares_;  // of all events
  unsigned total_ = 0;
};

struct PayloadSettings {
  std::string bucket{test::kRecordBucket};
  Distribution records{1};      // of one post; 0 counts as 1
  Distribution key_length{40};  // bytes of UTF-8, without application and bucket; 0 counts as 1
  KeyCharacters characters = KeyCharacters::ascii;
  Distribution metadata{0};  // bytes of x-cos-meta- members, about
  EventMix events = {};
  std::uint64_t seed = 1;
};

struct Payload {
  std::string body;
  unsigned records = 0;
};

// Makes COS trigger payloads by settings. The same settings produce the same bytes everywhere. No
// two records are equal, because their x-cos-request-id counts up.
class PayloadMaker {
 public:
  explicit PayloadMaker(PayloadSettings settings);

  [[nodiscard]] Payload next();

 private:
  [[nodiscard]] test::Random& random() noexcept { return maker_.random(); }
  void choose_key();
  void choose_metadata();
  void append_record(std::string& out);

  PayloadSettings settings_;
  test::RecordMaker maker_;
  std::string key_;
  std::string metadata_;
};

}  // namespace gateway::load
