#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/random.hpp"

namespace gateway::test {

// A mix of kinds of events, each with a weight.
class EventMix {
 public:
  // Creates what a busy bucket reports: mostly uploads, some multipart, copies and deletes.
  EventMix();

  // Parses "put:80,post:5,copy:3,multipart:7,delete:5", or some of these. Returns the mix, or an
  // error that says what is wrong.
  [[nodiscard]] static boost::system::result<EventMix, std::string> parse(std::string_view text);

  // Returns the name of a random event as it appears in a record.
  [[nodiscard]] std::string_view choose(Random& random) const;

 private:
  struct Share {
    std::string_view name;   // as on the command line
    std::string_view event;  // as in a record
    unsigned weight = 0;
  };

  std::vector<Share> shares_;  // of all events
  unsigned total_ = 0;
};

}  // namespace gateway::test
