#include "gateway/tls/ticket_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace gateway::tls {
namespace {

template <std::size_t N>
void randomise(std::array<unsigned char, N>& bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(N)) != 1) {
    throw std::runtime_error("OpenSSL has no random numbers");
  }
}

TicketKeys::Key make_key() {
  TicketKeys::Key key;
  randomise(key.name);
  randomise(key.cipher);
  randomise(key.mac);
  return key;
}

}  // namespace

TicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKeys::TicketKeys(Instant now) : current_(make_key()), since_(now) {}

TicketKeys::Key TicketKeys::current(Instant now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

std::optional<TicketKeys::Key> TicketKeys::find(std::span<const unsigned char> name, Instant now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  if (std::ranges::equal(name, current_.name)) return current_;
  if (previous_ && std::ranges::equal(name, previous_->name)) return previous_;
  return std::nullopt;
}

void TicketKeys::rotate(Instant now) {
  if (now - since_ < kLifetime) return;
  // After a long quiet the key is old enough to be forgotten at once.
  if (now - since_ < 2 * kLifetime) {
    previous_ = current_;
    previous_->current = false;
  } else {
    previous_.reset();
  }
  current_ = make_key();
  since_ = now;
}

}  // namespace gateway::tls
