#include "faults/sent_records.hpp"

#include <stdexcept>

namespace gateway::faults {

void SentRecords::grow(std::uint32_t post) {
  if (acknowledged_.size() <= post) acknowledged_.resize(std::size_t{post} + 1);
}

void SentRecords::sent(std::uint32_t post, const RecordMark& record) {
  grow(post);
  const auto [at, fresh] = records_.try_emplace(record.identity, Record{record.data, post});
  if (!fresh) throw std::logic_error("two records of one identity were sent");
}

void SentRecords::answered(std::uint32_t post, unsigned status) {
  grow(post);
  if (status == 200) {
    if (acknowledged_[post] == 0) ++posts_acknowledged_;
    acknowledged_[post] = 1;
  } else if (status != 0) {
    ++refused_;
  } else {
    ++unanswered_;
  }
}

}  // namespace gateway::faults
