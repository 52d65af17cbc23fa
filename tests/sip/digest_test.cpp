#include <string>

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include "raw_peer.hpp"
#include "sip_fixture.hpp"

using offhook::Secret;
using offhook::sip::Call;
using offhook::sip::CallEvent;
using offhook::test::certificates;
using offhook::test::header_of;
using offhook::test::openai_answer;
using offhook::test::Phones;
using offhook::test::RawPeer;
using offhook::test::response_to;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;

namespace {

std::string md5(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += {digits[digest.at(i) >> 4U], digits[digest.at(i) & 15U]};
  }
  return hex;
}

/// Value of `name=` or `name="…"` in a list of parameters.
std::string parameter(const std::string& list, const std::string& name) {
  for (auto at = list.find(name + "="); at != std::string::npos;
       at = list.find(name + "=", at + 1)) {
    if (at > 0 && list[at - 1] != ' ' && list[at - 1] != ',') {
      continue;
    }
    std::string rest = list.substr(at + name.size() + 1);
    if (rest.starts_with('"')) {
      rest.erase(0, 1);
      return rest.substr(0, rest.find('"'));
    }
    return rest.substr(0, rest.find_first_of(", "));
  }
  return {};
}

/// Whether `proof` knows the password of alice at example (RFC 2617 section 3.2.2).
bool proves(const std::string& proof, const std::string& password) {
  const std::string secret = md5(parameter(proof, "username") + ":example:" + password);
  const std::string request = md5("INVITE:" + parameter(proof, "uri"));
  const std::string qop = parameter(proof, "qop");
  const std::string middle =
      qop.empty() ? "n1"
                  : "n1:" + parameter(proof, "nc") + ":" + parameter(proof, "cnonce") + ":" + qop;
  return parameter(proof, "response") == md5(secret + ":" + middle + ":" + request);
}

/// Asks who calls, `times` times; answers the last INVITE, whose proof it returns.
asio::awaitable<std::string> challenge(RawPeer& peer, std::string status, int times) {
  co_await peer.accept();
  const bool proxy = status.starts_with("407");
  for (int i = 0; i < times; ++i) {
    const std::string invite = co_await peer.receive();
    std::string question =
        response_to(invite, status) + (proxy ? "Proxy-Authenticate" : "WWW-Authenticate") +
        ": Digest realm=\"example\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n" +
        "Content-Length: 0\r\n\r\n";
    co_await peer.send(std::move(question));
    const std::string ack = co_await peer.receive();
  }
  const std::string invite = co_await peer.receive();
  std::string answer = openai_answer(invite, "<sip:OAI@192.0.2.1>");
  co_await peer.send(std::move(answer));
  std::string proof = header_of(invite, proxy ? "Proxy-Authorization" : "Authorization");
  co_return proof;
}

Call call(Phones& phones, const RawPeer& peer, std::optional<sip::SipCredentials> credentials) {
  sip::InviteOptions options;
  options.target = "sip:+1415@" + peer.address() + ";transport=tls";
  options.credentials = std::move(credentials);
  return phones.invite(std::move(options));
}

}  // namespace

TEST_SUITE_BEGIN("Digest authentication");

TEST_CASE("A caller with credentials proves them to whoever asks") {
  for (const std::string status : {"401 Unauthorized", "407 Proxy Authentication Required"}) {
    CAPTURE(status);
    Phones phones{certificates()};
    RawPeer peer{phones.context, certificates()};
    std::string proof;
    asio::co_spawn(phones.context, challenge(peer, status, 1),
                   [&](const std::exception_ptr&, std::string shown) { proof = std::move(shown); });
    Call caller = call(phones, peer, sip::SipCredentials{"alice", Secret{"open sesame"}});
    CHECK(phones.next(caller, Kind::answered).status == 200);
    phones.run_until([&] { return !proof.empty(); });
    CHECK(parameter(proof, "username") == "alice");
    CHECK(proves(proof, "open sesame"));
    CHECK_FALSE(proves(proof, "open barley"));
    CHECK(proof.find("sesame") == std::string::npos);
    peer.drop();
  }
}

TEST_CASE("Without credentials, or with wrong ones, the call fails as the peer said") {
  for (const bool wrong : {false, true}) {
    Phones phones{certificates()};
    RawPeer peer{phones.context, certificates()};
    asio::co_spawn(phones.context, challenge(peer, "401 Unauthorized", 5),
                   [](const std::exception_ptr&, const std::string&) {});
    auto credentials =
        wrong ? std::optional{sip::SipCredentials{"alice", Secret{"wrong"}}} : std::nullopt;
    Call caller = call(phones, peer, std::move(credentials));
    const CallEvent event = phones.last(caller);
    CHECK(event.kind == Kind::failed);
    CHECK(event.status == 401);
    peer.drop();
  }
}

TEST_SUITE_END();
