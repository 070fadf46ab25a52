#include "gateway/tls/tls_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "unit/gateway/tls/conversation.hpp"

namespace gateway::tls {
namespace {

using State = TlsSession::State;
using testing::HasSubstr;

TEST_F(Conversation, CarriesTextBothWaysInTls13) {
  meet();
  ASSERT_EQ(server_->state(), State::open);
  ASSERT_EQ(client_->state(), State::open);
  EXPECT_EQ(server_->version(), "TLSv1.3");
  EXPECT_FALSE(server_->resumed());
  EXPECT_TRUE(client_->encrypt("a question", at_client_->out));
  carry();
  EXPECT_EQ(at_server_->plain, "a question");
  EXPECT_TRUE(server_->encrypt("an answer", at_server_->out));
  carry();
  EXPECT_EQ(at_client_->plain, "an answer");
}

TEST_F(Conversation, DoesNotMindHowBytesAreCutUp) {
  load();
  server_ = std::make_unique<TlsSession>(server_context_);
  client_ = std::make_unique<TlsSession>(client_context_, host_, Ticket());
  at_server_ = std::make_unique<End>(*server_);
  at_client_ = std::make_unique<End>(*client_);
  at_client_->take({});
  carry(1);
  ASSERT_EQ(server_->state(), State::open) << server_->problem();
  const std::string text = letters(5000);
  EXPECT_TRUE(client_->encrypt(text, at_client_->out));
  carry(1);
  EXPECT_EQ(at_server_->plain, text);
}

TEST_F(Conversation, CarriesMegabytes) {
  meet();
  const std::string text = letters(3'000'001);
  EXPECT_TRUE(client_->encrypt(text, at_client_->out));
  carry(70'000);
  EXPECT_EQ(at_server_->plain, text);
}

TEST_F(Conversation, KeepsWhatIsNotReadYet) {
  meet();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client_->encrypt(letters(1000), at_client_->out));
  // Room for the half of the first record only, then for nothing, then for all.
  std::string bytes = std::exchange(at_client_->out, {});
  at_server_->take(bytes, 500);
  bytes.assign(bytes.size(), 'x');
  EXPECT_EQ(at_server_->plain.size(), 500u);
  EXPECT_TRUE(client_->encrypt("last", at_client_->out));
  at_server_->take(std::exchange(at_client_->out, {}), 0);
  EXPECT_EQ(at_server_->plain.size(), 500u);
  at_server_->take({});
  EXPECT_EQ(at_server_->plain, letters(1000) + letters(1000) + letters(1000) + "last");
}

TEST_F(Conversation, PutsSmallPiecesIntoLargeRecords) {
  meet();
  const std::string head = letters(300);
  const std::string body = letters(1100);
  std::vector<iovec> pieces;
  std::string all;
  for (int i = 0; i < 50; ++i) {
    for (const std::string* text : {&head, &body}) {
      pieces.push_back({const_cast<char*>(text->data()), text->size()});
      all += *text;
    }
  }
  EXPECT_EQ(client_->encrypt(pieces, 1 << 20, at_client_->out), all.size());
  EXPECT_EQ(records(at_client_->out).size(), (all.size() + 16383) / 16384);
  carry();
  EXPECT_EQ(at_server_->plain, all);
}

TEST_F(Conversation, SealsLargePiecesWhereTheyLie) {
  meet();
  const std::string small = letters(10);
  const std::string large = letters(100'000);
  const std::vector<iovec> pieces{{const_cast<char*>(small.data()), small.size()},
                                  {const_cast<char*>(large.data()), large.size()},
                                  {const_cast<char*>(small.data()), small.size()}};
  EXPECT_EQ(client_->encrypt(pieces, 1 << 20, at_client_->out), 100'020u);
  EXPECT_EQ(records(at_client_->out).size(), 7u);
  carry();
  EXPECT_EQ(at_server_->plain, small + large + small);
}

TEST_F(Conversation, SealsNoMoreThanItIsTold) {
  meet();
  const std::string text = letters(50'000);
  std::vector<iovec> pieces{{const_cast<char*>(text.data()), text.size()}};
  EXPECT_EQ(client_->encrypt(pieces, 20'000, at_client_->out), 20'000u);
  pieces = {{const_cast<char*>(text.data()) + 20'000, 30'000}};
  EXPECT_EQ(client_->encrypt(pieces, 40'000, at_client_->out), 30'000u);
  carry();
  EXPECT_EQ(at_server_->plain, text);
}

TEST_F(Conversation, IsResumedWithATicketOnce) {
  meet();
  Ticket ticket = client_->take_ticket();
  ASSERT_NE(ticket.session, nullptr);
  EXPECT_EQ(client_->take_ticket().session, nullptr);
  meet(std::move(ticket));
  EXPECT_EQ(server_->state(), State::open);
  EXPECT_TRUE(server_->resumed());
  EXPECT_TRUE(client_->resumed());
  EXPECT_NE(client_->take_ticket().session, nullptr);
}

TEST_F(Conversation, IsResumedInTls12) {
  load();
  SSL_CTX_set_max_proto_version(client_context_->native(), TLS1_2_VERSION);
  meet();
  EXPECT_EQ(server_->version(), "TLSv1.2");
  meet(client_->take_ticket());
  EXPECT_TRUE(server_->resumed());
  EXPECT_TRUE(client_->encrypt("text", at_client_->out));
  carry();
  EXPECT_EQ(at_server_->plain, "text");
}

TEST_F(Conversation, IsNotResumedUnderOtherFiles) {
  meet();
  Ticket of_client = client_->take_ticket();
  server_context_ = *TlsContext::server(server_files_);
  meet(std::move(of_client));
  EXPECT_EQ(server_->state(), State::open);
  EXPECT_FALSE(server_->resumed());

  Ticket ticket = client_->take_ticket();
  client_context_ = *TlsContext::client(client_files_);
  meet(std::move(ticket));
  EXPECT_EQ(server_->state(), State::open);
  EXPECT_FALSE(server_->resumed());
}

TEST_F(Conversation, OlderVersionsAreRefused) {
  load();
  SSL_CTX_set_min_proto_version(client_context_->native(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(client_context_->native(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(client_context_->native(), 0);
  SSL_CTX_set_cipher_list(client_context_->native(), "ALL");
  meet();
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_EQ(server_->problem(), "unsupported protocol");
  EXPECT_EQ(client_->state(), State::failed);
}

TEST_F(Conversation, CiphersWithoutForwardSecrecyAreRefused) {
  load();
  SSL_CTX_set_max_proto_version(client_context_->native(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(client_context_->native(), "AES128-SHA:AES128-GCM-SHA256:ECDHE+AES+SHA1");
  meet();
  EXPECT_EQ(server_->problem(), "no shared cipher");
}

TEST_F(Conversation, OnlyHttp11IsSpoken) {
  load();
  const unsigned char http2[] = {2, 'h', '2'};
  ASSERT_EQ(SSL_CTX_set_alpn_protos(client_context_->native(), http2, sizeof http2), 0);
  meet();
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_EQ(client_->problem(), "the peer refuses: tlsv1 alert no application protocol");
  const unsigned char both[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  ASSERT_EQ(SSL_CTX_set_alpn_protos(client_context_->native(), both, sizeof both), 0);
  meet();
  EXPECT_EQ(server_->state(), State::open);
}

TEST_F(Conversation, GoesOnToBeWrittenToAfterTheOthersClose) {
  meet();
  EXPECT_TRUE(client_->encrypt("question", at_client_->out));
  client_->close(at_client_->out);
  carry();
  EXPECT_EQ(at_server_->plain, "question");
  EXPECT_EQ(server_->state(), State::closed);
  EXPECT_TRUE(server_->encrypt("answer", at_server_->out));
  server_->close(at_server_->out);
  carry();
  EXPECT_EQ(at_client_->plain, "answer");
  EXPECT_EQ(client_->state(), State::closed);
}

TEST_F(Conversation, ChangedBytesEndIt) {
  meet();
  EXPECT_TRUE(client_->encrypt("pay 1 to A", at_client_->out));
  at_client_->out[at_client_->out.size() - 3] ^= 1;
  deliver(at_client_->out, *at_server_, std::string::npos);
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_EQ(server_->problem(), "decryption failed or bad record mac");
  EXPECT_EQ(at_server_->plain, "");
  EXPECT_FALSE(server_->encrypt("more", at_server_->out));
}

TEST_F(Conversation, GarbageIsAnsweredWithAnAlert) {
  load();
  TlsSession server(server_context_);
  End end(server);
  end.take(std::string("\x16\x03\x01\x00\x05hello", 10));
  EXPECT_EQ(server.state(), State::failed);
  EXPECT_EQ(server.fault(), TlsSession::Fault::protocol);
  ASSERT_FALSE(end.out.empty());
  EXPECT_EQ(end.out.front(), '\x15');  // an alert, RFC 8446 section 5.1
}

TEST_F(Conversation, AServerThatSpeaksPlainTextIsNamed) {
  load();
  TlsSession client(client_context_, host_, Ticket());
  End end(client);
  end.take({});
  end.take("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(client.state(), State::failed);
  EXPECT_EQ(client.problem(), "wrong version number (does the peer speak TLS?)");
}

// A client of OpenSSL's own, for want of another way to ask for a key update.
class RawClient : public Conversation {
 protected:
  RawClient() {
    meet();
    raw_.reset(SSL_new(client_context_->native()));
    server_ = std::make_unique<TlsSession>(server_context_);
    at_server_ = std::make_unique<End>(*server_);
    SSL_set_bio(raw_.get(), in_, out_);
    SSL_set_connect_state(raw_.get());
    SSL_set1_host(raw_.get(), "unused");
    SSL_set_verify(raw_.get(), SSL_VERIFY_NONE, nullptr);
    SSL_set_app_data(raw_.get(), client_.get());  // whose callback takes tickets
    while (SSL_do_handshake(raw_.get()) != 1) exchange();
    exchange();
    EXPECT_EQ(server_->state(), State::open);
  }
  void exchange() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    at_server_->take(bytes);
    const std::string answer = std::exchange(at_server_->out, {});
    if (!answer.empty()) BIO_write(in_, answer.data(), static_cast<int>(answer.size()));
  }
  void update_keys(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(SSL_key_update(raw_.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      ASSERT_EQ(SSL_do_handshake(raw_.get()), 1);
    }
  }

  SslPtr raw_;
  BIO* const in_ = BIO_new(BIO_s_mem());
  BIO* const out_ = BIO_new(BIO_s_mem());
};

TEST_F(RawClient, AKeyUpdateIsFollowed) {
  ASSERT_EQ(SSL_key_update(raw_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(SSL_write(raw_.get(), "after", 5), 5);
  exchange();
  EXPECT_EQ(at_server_->plain, "after");
  EXPECT_TRUE(server_->encrypt("likewise", at_server_->out));
  exchange();
  std::array<char, 16> text{};
  EXPECT_EQ(SSL_read(raw_.get(), text.data(), text.size()), 8);
  EXPECT_STREQ(text.data(), "likewise");
}

TEST_F(RawClient, KeyUpdatesBetweenDataAreFollowed) {
  for (int i = 0; i < 10; ++i) {
    update_keys(20);
    ASSERT_EQ(SSL_write(raw_.get(), "x", 1), 1);
    exchange();
  }
  EXPECT_EQ(at_server_->plain, std::string(10, 'x'));
}

TEST_F(RawClient, KeyUpdatesWithoutDataEndIt) {
  update_keys(1000);
  exchange();
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_THAT(server_->problem(), HasSubstr("no data"));
}

TEST_F(Conversation, ErrorsOfOthersOnTheThreadAreNotItsOwn) {
  meet();
  ERR_raise(ERR_LIB_USER, 1);
  at_server_->take({});
  EXPECT_EQ(server_->state(), State::open);
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_TRUE(server_->encrypt("x", at_server_->out));
  ERR_clear_error();
}

}  // namespace
}  // namespace gateway::tls
