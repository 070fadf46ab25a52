#include "gateway/egress/policy/pace.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gateway::egress {
namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::milliseconds;

constexpr double kLeast = 1;
constexpr double kFirst = 20;  // where nothing is known

// What may leave at once: what is due in a millisecond, so that a timer is not run for each
// request, or one request, and a twentieth of one, so that a late timer does not lower the rate.
constexpr double kMostTimers = 1000;  // a second
constexpr double kLate = 0.05;

// So many refusals, over so long, with nothing taken between them mean that the eventbus
// takes nothing for now; for a minute it is one that does so.
constexpr unsigned kClosed = 3;
constexpr milliseconds kClosedFor{50};
// Where many are refused by chance, as many more that they are hardly refused so by chance.
constexpr double kByChance = 0.002;
constexpr unsigned kMostClosed = 12;
constexpr double kAnswersOfShare = 64;
constexpr std::chrono::seconds kCloses{60};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{1000};
// The rate after that, of what was taken of late.
constexpr double kBelowClosed = 0.9;
constexpr double kFarAbove = 1.3;

// The shares of refusals beyond which the rate grows no faster, becomes less unless that has proved
// to be of no use, and does so after few answers, each step being tried for longer.
constexpr double kFew = 0.02;
constexpr double kMany = 0.1;
constexpr double kMost = 0.45;
// Once the rate is down to this share, it shows whether that is of use. It is not if what is taken
// fell by more than this share of what the rate did: then requests arrive too close to each other
// by chance (a network or a machine that is busy), which no rate avoids.
constexpr double kTrial = 0.75;
constexpr double kTrialOfMost = 0.35;  // where most are refused, and little is taken at first
constexpr double kOfNoUse = 0.6;
constexpr double kMore = 1.25;
constexpr double kLess = 0.8;  // fewer by this show that it is of use, where most were refused
constexpr std::chrono::seconds kPatient{30};
constexpr milliseconds kRound{250};
constexpr milliseconds kClump{1};
constexpr double kLeastAnswers = 10;
constexpr double kEnoughAnswers = 50;
constexpr double kBelow = 0.95;  // of the rate that was refused
constexpr double kFarBelow = 0.9;

// How much the rate grows in a second: where no rate was refused yet, and far from that rate.
constexpr double kUnknownGrowth = 2.8;
constexpr double kFarGrowth = 0.3;
constexpr double kFar = 0.9;
constexpr double kMostGrowth = 1;
// Near that rate: by a twentieth in `steady_` seconds, and twice as fast after each such time.
constexpr double kNearGrowth = 0.05;
constexpr double kFirstSteady = 2;
// Where only one refusal tells of that rate, which may be all that was asked of the eventbus rather
// than all that it takes.
constexpr double kUnconfirmedSteady = 0.7;
constexpr double kMostSteady = 10;
// At least so many times the wait that the eventbus asks for, but no longer than that.
constexpr double kSteadyOfWait = 5;
constexpr double kMostSteadyOfWait = 60;
// Two refused rates that differ by no more confirm each other.
constexpr double kSame = 0.15;
// A rate that was refused is not the limit any more where so many times it is taken, and tells
// nothing of it where so many are.
constexpr double kRaised = 1.06;
constexpr double kRefuted = 2;
// No more than this share of the rate has to be used for it to grow.
constexpr double kUsed = 0.7;
constexpr std::chrono::minutes kForget{10};

}  // namespace

void Pace::taken(std::uint64_t requests, Instant now) noexcept {
  suspicion_.taken(requests, rate_, now);
  const bool sampled = taken_.add(requests, now);
  if (!active()) return;
  if (requests != 0) {
    streak_ = {};
    refused_share_ *= std::pow(1 - 1 / kAnswersOfShare, static_cast<double>(requests));
  }
  if (now >= round_.begin) round_.taken += requests;
  if (sampled) grow(now);
}

bool Pace::perhaps_refused(Instant staged, Instant now) noexcept {
  suspicion_.refused(rate_, now);
  if (suspicion_.refuted(now)) rate_ = 0;
  if (active()) {
    static_cast<void>(refused_again(staged, {}, now));
  } else if (suspicion_.suspected(now)) {
    learn(now);
    suspicion_.begin(rate_);
  }
  return active();
}

bool Pace::refused(Instant staged, Instant::duration asked, Instant now) noexcept {
  suspicion_.confirm();
  if (active()) return refused_again(staged, asked, now);
  learn(now);
  pause(asked, now);
  return true;
}

bool Pace::refused_again(Instant staged, Instant::duration asked, Instant now) noexcept {
  // What left before the rate was lowered says nothing about it.
  if (staged <= lowered_at_) {
    const bool paused = now < resumed_at_;
    if (paused) pause(asked, now);
    return paused;
  }
  const auto took = now - staged;
  trip_ = trip_ == Instant::duration{} ? took : trip_ + (took - trip_) / 8;
  if (!counts(now)) return false;
  refused_share_ += (1 - refused_share_) / kAnswersOfShare;
  if (now >= round_.begin) ++round_.refused;
  if (streak_.refusals++ == 0) {
    streak_.staged = staged;
    streak_.answered = now;
    streak_.rate = rate_;
  }
  if (takes_nothing(staged, now)) {
    close(asked, now);
    pause(std::max<Instant::duration>(asked, own_pause()), now);
    return true;
  }
  const bool closes = closed_at_ != Instant{} && now - closed_at_ < kCloses;
  if (closes && streak_.refusals == 1) {
    if (lowering_helps(0, now)) lower(kBelow * rate_, rate_, now);
  } else {
    judge_round(now);
  }
  return false;
}

bool Pace::counts(Instant now) noexcept {
  if (now - clump_.begin >= kClump) clump_ = {now, taken_.total(), 0};
  if (clump_.refused > taken_.total() - clump_.taken) return false;
  ++clump_.refused;
  return true;
}

// Requests that something on the way has held up arrive together and are refused together, so that
// both times count.
bool Pace::takes_nothing(Instant staged, Instant now) const noexcept {
  if (streak_.pauses != 0) return true;
  const double by_chance = std::log(kByChance) / std::log(std::clamp(refused_share_, 0.01, 0.99));
  const auto enough = std::clamp(static_cast<unsigned>(by_chance), kClosed, kMostClosed);
  return streak_.refusals >= enough && staged - streak_.staged >= kClosedFor &&
         now - streak_.answered >= kClosedFor;
}

void Pace::learn(Instant now) noexcept {
  const RecentCount::Count lately = taken_.lately(now);
  rate_ = std::max(kBelow * lately.number, kFirst);
  // It was taken for long enough to know something.
  ceiling_ = lately.within >= RecentCount::kLately / 2 ? lately.number : 0;
  steady_ = kUnconfirmedSteady;
  unrefused_ = refused_share_ = 0;
  lowered_at_ = grown_ = now;
  trial_ = {};
  patient_until_ = {};
  round_ = {now};
  streak_ = {.pauses = 1};
}

void Pace::close(Instant::duration asked, Instant now) noexcept {
  // A pause that was too short says nothing about the rate.
  if (streak_.pauses == 0 && taken_.total() != taken_at_close_ && now >= patient_until_) {
    const double taken = std::max(taken_.lately(now).number, kLeast);
    // Who counts over a second takes so many in one; who gives leave at a rate has taken less, if
    // this second was not used up.
    const bool used_up = now - resumed_at_ >= RecentCount::kLately / 2;
    const double bound = std::min(rate_, taken);
    const double limit = used_up ? bound : std::sqrt(bound * rate_);
    // What follows within the time over which the eventbus counts may be due to the former rate.
    const bool known = now - lowered_at_ < RecentCount::kLately;
    if (!known || (used_up && rate_ > kFarAbove * limit)) {
      lower(kBelowClosed * limit, limit, now);
    } else if (streak_.rate > rate_) {
      // The first of these refusals has lowered the rate, but by what is right for a single one.
      rate_ = std::min(rate_, std::max(kBelowClosed * streak_.rate, kLeast));
    }
  }
  // The longer it lasts, the more rarely it pays to find out whether the limit is still there.
  if (asked > kLongestPause) {
    steady_ =
        std::max(steady_, std::min(kSteadyOfWait * Seconds(asked).count(), kMostSteadyOfWait));
  }
  lowered_at_ = closed_at_ = now;
  taken_at_close_ = taken_.total();
  streak_ = {.pauses = streak_.pauses + 1};
}

Instant::duration Pace::own_pause() const noexcept {
  return std::min<Instant::duration>(kFirstPause * (1U << std::min(streak_.pauses - 1, 4U)),
                                     kLongestPause);
}

void Pace::pause(Instant::duration time, Instant now) noexcept {
  resumed_at_ = std::max(resumed_at_, now + time);
  credited_ = resumed_at_;
  credit_ = 0;
  round_ = {resumed_at_};
}

void Pace::judge_round(Instant now) noexcept {
  const double answers = static_cast<double>(round_.taken + round_.refused);
  if (now < round_.begin + kRound || answers < kLeastAnswers) return;
  const double share = static_cast<double>(round_.refused) / answers;
  const bool most = share > kMost;
  if (!most && answers < kEnoughAnswers) return;
  if (share <= kFew) trial_ = {};
  if (share > kMany && lowering_helps(share, now)) {
    const double took = static_cast<double>(round_.taken) / Seconds(now - round_.begin).count();
    lower(std::clamp(took, kFarBelow * rate_, kBelow * rate_), rate_, now);
  } else {
    // It grows no faster; that it grew for so long confirms the rate that is refused next all the
    // same.
    if (share > kFew) unrefused_ = std::min(unrefused_, steady_ / 2);
    round_ = {now};
  }
}

bool Pace::lowering_helps(double share, Instant now) noexcept {
  if (now < patient_until_) return false;
  const Trial here{trial_.rate == 0 ? now : trial_.begin, rate_, taken_.lately(now).number, share};
  // At first the eventbus may take what it had saved up.
  if (now - here.begin < RecentCount::kLately) {
    trial_ = here;
    return true;
  }
  if (rate_ > (trial_.share > kMost ? kTrialOfMost : kTrial) * trial_.rate) return true;
  const Trial before = std::exchange(trial_, here);
  const double cost = (1 - here.taken / before.taken) / (1 - here.rate / before.rate);
  // More refusals at a lower rate have another reason.
  if (cost <= kOfNoUse || share > kMore * before.share) return true;
  if (before.share > kMost && share < kLess * before.share) return true;
  trial_ = {};
  rate_ = before.rate;
  patient_until_ = now + kPatient;
  return false;
}

void Pace::lower(double rate, double refused_rate, Instant now) noexcept {
  const bool same = ceiling_ != 0 && std::abs(refused_rate / ceiling_ - 1) <= kSame;
  if (!same || unrefused_ >= steady_ / 2) {
    steady_ = std::clamp(same ? steady_ * 2 : steady_ / 2, kFirstSteady, kMostSteady);
  }
  ceiling_ = refused_rate;
  rate_ = std::max({rate, rate_ / 4, kLeast});
  unrefused_ = 0;
  lowered_at_ = now;
  round_ = {now + trip_};
}

void Pace::grow(Instant now) noexcept {
  const double seconds = Seconds(now - std::max(grown_, resumed_at_)).count();
  const auto sent = static_cast<double>(std::exchange(sent_, 0));
  const bool taken = std::exchange(grown_taken_, taken_.total()) != taken_.total();
  grown_ = now;
  judge_round(now);
  if (now - lowered_at_ >= kForget) rate_ = 0;
  // Where the rate is not used up nothing is learned.
  const bool used = seconds > 0 && sent >= kUsed * rate_ * seconds - 1;
  if (!active() || !used || !taken || streak_.refusals != 0) return;
  unrefused_ += seconds;
  double growth = kUnknownGrowth;
  if (ceiling_ != 0) {
    growth = std::min(kNearGrowth / steady_ * std::exp2(unrefused_ / steady_), kMostGrowth);
    if (rate_ < kFar * ceiling_) growth = std::max(growth, kFarGrowth);
    if (rate_ > kRaised * ceiling_) steady_ = std::min(steady_, kFirstSteady);
    if (rate_ > kRefuted * ceiling_) ceiling_ = 0;
  }
  rate_ += rate_ * growth * seconds;
}

std::size_t Pace::take_leave(std::size_t wanted, Instant now) noexcept {
  if (now > credited_) {
    credit_ = std::min(credit_ + rate_ * Seconds(now - credited_).count(),
                       std::max(1 + kLate, rate_ / kMostTimers));
    credited_ = now;
  }
  const std::size_t leave = std::min(wanted, static_cast<std::size_t>(credit_));
  credit_ -= static_cast<double>(leave);
  sent_ += leave;
  return leave;
}

void Pace::return_leave(std::size_t requests) noexcept {
  credit_ += static_cast<double>(requests);
  sent_ -= std::min<std::uint64_t>(sent_, requests);
}

std::optional<Instant> Pace::sends_at(Instant now) const noexcept {
  if (!active()) return std::nullopt;
  const double missing = std::max(1.0, rate_ / kMostTimers) - credit_;
  const auto wait = Seconds(std::max(0.0, missing) / rate_);
  // Never too early by what the conversion cuts off.
  const Instant at = credited_ + std::chrono::ceil<std::chrono::microseconds>(wait);
  if (at <= now) return std::nullopt;
  return at;
}

}  // namespace gateway::egress
