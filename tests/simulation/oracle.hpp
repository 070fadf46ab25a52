#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::simulation {

// Knows where every record of a world is, from those who have it: the eventbuses and the devices.
// It judges what the gateway says and does; it knows nothing of how the gateway works.
class Oracle {
 public:
  using Record = std::uint32_t;
  enum class Device : std::uint8_t { spool, dead_letters };

  // A post as its client sees it.
  struct Post {
    std::vector<Record> records;
    bool unwanted = false;  // malformed, or of a stranger: nobody may say yes to it
    // So long it may take until it is answered 200, if nothing stands in its way.
    std::optional<std::chrono::milliseconds> due;
  };

  // Returns the records whose marks are in `text`, e.g. of a request or a stored event.
  [[nodiscard]] static std::vector<Record> records_in(std::string_view text);
  [[nodiscard]] static std::string mark(Record record);

  // A record is about to be posted that belongs to this target; nullopt: to none, as the
  // configuration leaves it out or its post is unwanted. `data`: the bytes its event is to carry.
  // `id`: of its event; empty: the gateway gives one.
  void expect(Record record, std::optional<std::size_t> target, std::string data,
              std::string id = {}) {
    records_[record].target = target;
    records_[record].data = std::move(data);
    records_[record].id = std::move(id);
  }
  // The eventbus of `target` has it.
  void arrived(std::string_view text, std::size_t target);
  // The eventbus has said that it will never take these. Of one alone: that it is known to be
  // refused, and without dead letters its row stays.
  void refused(std::string_view text);
  [[nodiscard]] bool was_refused(std::string_view text) const;
  // `status`: what a dead letter was answered; 0: nothing.
  void kept(Device device, std::string_view text, unsigned status = 0);
  // A row is removed: its record must be somewhere else.
  void removed(Device device, std::string_view text);
  // A row is gone that nobody was told of, or whose record the eventbus has.
  void lost(Device device, std::string_view text);
  // Likewise, of a device that had only said that it was on it: nobody can promise it any more.
  void lost_by_lie(Device device, std::string_view text);
  // A client has read this whole answer to its post, so long after it had sent it.
  void answered(const Post& post, unsigned status, std::string_view body,
                std::chrono::milliseconds after);
  // At the end of a world: what was acknowledged is with the eventbus or a dead letter, or still in
  // a spool that is not empty.
  void check_end();

  // Notes something that must not be; the first is what counts.
  void violation(std::string what);
  [[nodiscard]] const std::string& finding() const noexcept { return finding_; }

  std::uint64_t answers = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t turned_away = 0;
  std::string last_refusal;  // what the last post that was turned away was told

 private:
  struct Where {
    std::optional<std::size_t> target = 0;
    std::string data;
    std::string id;  // of its event; empty: not known yet
    bool arrived = false;
    unsigned spooled = 0;
    unsigned dead = 0;
    bool acknowledged = false;
    bool refused = false;
    [[nodiscard]] bool safe() const { return arrived || spooled != 0 || dead != 0 || !target; }
  };
  void check_refusal(Record record, unsigned status, const char* what);
  void check_form(Record record, std::string_view event);

  std::map<Record, Where> records_;
  std::map<std::string, Record, std::less<>> ids_;
  std::string finding_;
};

}  // namespace gateway::simulation
