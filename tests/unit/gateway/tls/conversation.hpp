#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/tls/tls_session.hpp"
#include "support/tls_folder.hpp"

namespace gateway::tls {

// One end of a conversation without a network.
class End {
 public:
  explicit End(TlsSession& session) : session_(session) {}

  // Takes what came, as far as there is room for plain text.
  void take(std::string_view bytes, std::size_t room = std::string::npos) {
    session_.receive(bytes);
    session_.handshake(out);
    std::array<char, 4096> text{};
    while (room > 0) {
      const std::size_t size =
          session_.read(std::span(text).first(std::min(room, text.size())), out);
      if (size == 0) break;
      plain.append(text.data(), size);
      room -= size;
    }
    session_.keep_rest();
  }

  std::string out;    // to be carried to the other end
  std::string plain;  // what was read

 private:
  TlsSession& session_;
};

class Conversation : public testing::Test {
 protected:
  Conversation() : server_files_(folder_.server()), client_files_(folder_.client()) {}

  void load() {
    server_context_ = *TlsContext::server(server_files_);
    client_context_ = *TlsContext::client(client_files_);
  }
  // The handshake, as far as it goes.
  void meet(Ticket ticket = {}) {
    if (!server_context_) load();
    server_ = std::make_unique<TlsSession>(server_context_);
    client_ = std::make_unique<TlsSession>(client_context_, host_, std::move(ticket));
    at_server_ = std::make_unique<End>(*server_);
    at_client_ = std::make_unique<End>(*client_);
    at_client_->take({});
    carry();
  }
  // Until neither has anything to say, `step` bytes at a time.
  void carry(std::size_t step = std::string::npos) {
    while (!at_client_->out.empty() || !at_server_->out.empty()) {
      deliver(at_client_->out, *at_server_, step);
      deliver(at_server_->out, *at_client_, step);
    }
  }
  static void deliver(std::string& bytes, End& to, std::size_t step) {
    const std::string all = std::exchange(bytes, {});
    for (std::size_t at = 0; at < all.size(); at += std::min(step, all.size() - at)) {
      // A copy that dies: nothing may be kept of it.
      to.take(std::string(all.substr(at, step)));
    }
  }
  // The records in `bytes`, by the length of their content (RFC 8446 section 5.1).
  static std::vector<std::size_t> records(std::string_view bytes) {
    std::vector<std::size_t> lengths;
    while (bytes.size() >= 5) {
      const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[3]) * 256 +
                                                   static_cast<unsigned char>(bytes[4]));
      lengths.push_back(length);
      bytes.remove_prefix(std::min(bytes.size(), 5 + length));
    }
    return lengths;
  }
  static std::string letters(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
  }

  test::TlsFolder folder_;
  config::TlsFiles server_files_;
  config::TlsFiles client_files_;
  std::string host_ = "127.0.0.1";
  TlsContext::Ptr server_context_;
  TlsContext::Ptr client_context_;
  std::unique_ptr<TlsSession> server_;
  std::unique_ptr<TlsSession> client_;
  std::unique_ptr<End> at_server_;
  std::unique_ptr<End> at_client_;
};

}  // namespace gateway::tls
