#include "runtime/secret.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gateway {
namespace {

constexpr std::string_view kShortSecret = "hush-hush";  // lies within the string object
const std::string kLong(100, 's');

static_assert(!fmt::is_formattable<Secret>::value);
static_assert(std::is_nothrow_move_constructible_v<Secret>, "else a vector copies it");

// Room for one Secret whose bytes can be looked at after its end.
class Room {
 public:
  template <class... From>
  Secret& make(From&&... from) {
    return *std::construct_at(reinterpret_cast<Secret*>(bytes_.data()),
                              std::forward<From>(from)...);
  }
  [[nodiscard]] bool shows(std::string_view text) const {
    const std::string_view all(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    return all.find(text) != std::string_view::npos;
  }

 private:
  alignas(Secret) std::array<std::byte, sizeof(Secret)> bytes_{};
};

TEST(Secret, LeavesNothingInItsPlace) {
  Room room;
  Secret& secret = room.make(std::string(kShortSecret));
  EXPECT_TRUE(room.shows(kShortSecret)) << "else this test proves nothing";
  std::destroy_at(&secret);
  EXPECT_FALSE(room.shows(kShortSecret.substr(1)));
}

TEST(Secret, LeavesNothingWhereItWasMovedFrom) {
  Room room;
  Secret& secret = room.make(std::string(kShortSecret));
  const Secret moved(std::move(secret));
  EXPECT_FALSE(room.shows(kShortSecret.substr(1)));
  EXPECT_EQ(moved.reveal(), kShortSecret);

  secret = Secret(std::string(kShortSecret));
  Secret assigned;
  assigned = std::move(secret);
  EXPECT_FALSE(room.shows(kShortSecret.substr(1)));
  EXPECT_EQ(assigned.reveal(), kShortSecret);
  std::destroy_at(&secret);
}

TEST(Secret, LeavesNothingInTheStringItWasMadeFrom) {
  std::string text(kShortSecret);
  const char* const bytes = text.data();
  const Secret secret(std::move(text));
  EXPECT_TRUE(std::all_of(bytes, bytes + kShortSecret.size(), [](char c) { return c == 0; }));
}

TEST(Secret, OverwritesMemoryOfItsOwn) {
  std::string text = kLong;
  const char* const bytes = text.data();
  Secret::overwrite(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), bytes) << "kept, so that it can be looked at";
  EXPECT_TRUE(std::all_of(bytes, bytes + kLong.size(), [](char c) { return c == 0; }));
}

TEST(Secret, KeepsItsValueThroughCopiesAndAssignments) {
  for (const std::string& value : {std::string(kShortSecret), kLong, std::string()}) {
    const Secret original(value);
    Secret copy(original);
    EXPECT_EQ(copy.reveal(), value);
    EXPECT_EQ(original.reveal(), value);
    Secret other(std::string("another"));
    other = copy;
    EXPECT_EQ(other.reveal(), value);
    other = *&other;
    EXPECT_EQ(other.reveal(), value);
    copy = std::move(other);
    EXPECT_EQ(copy.reveal(), value);
    EXPECT_EQ(copy.empty(), value.empty());
  }
}

}  // namespace
}  // namespace gateway
