#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "../net/test_certificates.hpp"

namespace offhook::test {

/// Value of the first header `name` in a SIP message, spelled as we write it; empty without one.
inline std::string header_of(std::string_view message, const std::string& name) {
  const std::string field = "\r\n" + name + ": ";
  const std::size_t at = message.find(field);
  if (at == std::string_view::npos) {
    return {};
  }
  message.remove_prefix(at + field.size());
  return std::string{message.substr(0, message.find('\r'))};
}

/// Start of a response to `request`, up to and including CSeq.
inline std::string response_to(std::string_view request, std::string_view status) {
  std::string text = "SIP/2.0 " + std::string{status} + "\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    std::string value = header_of(request, name);
    if (std::string_view{name} == "To" && value.find(";tag=") == std::string::npos) {
      value += ";tag=raw";
    }
    text += std::string{name} + ": " + value + "\r\n";
  }
  return text;
}

/// A SIP peer over TLS that does what the case writes down, on one connection.
class RawPeer {
 public:
  RawPeer(boost::asio::io_context& context, const TestCertificates& certificates)
      : acceptor_{context, {boost::asio::ip::make_address("127.0.0.1"), 0}},
        tls_{certificates.server()},
        stream_{std::make_unique<Stream>(context, *tls_)} {}

  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  boost::asio::awaitable<void> accept() {
    co_await acceptor_.async_accept(stream_->next_layer(), boost::asio::use_awaitable);
    co_await stream_->async_handshake(boost::asio::ssl::stream_base::server,
                                      boost::asio::use_awaitable);
  }

  /// The next message, body included.
  boost::asio::awaitable<std::string> receive() {
    const std::size_t head = co_await boost::asio::async_read_until(
        *stream_, boost::asio::dynamic_buffer(buffer_), "\r\n\r\n", boost::asio::use_awaitable);
    const std::string length = header_of(buffer_.substr(0, head), "Content-Length");
    std::size_t body = 0;
    std::from_chars(length.data(), length.data() + length.size(), body);
    if (buffer_.size() < head + body) {
      const std::size_t missing = head + body - buffer_.size();
      co_await boost::asio::async_read(*stream_, boost::asio::dynamic_buffer(buffer_),
                                       boost::asio::transfer_exactly(missing),
                                       boost::asio::use_awaitable);
    }
    std::string message = buffer_.substr(0, head + body);
    buffer_.erase(0, head + body);
    co_return message;
  }

  boost::asio::awaitable<void> send(std::string text) {
    co_await boost::asio::async_write(*stream_, boost::asio::buffer(text),
                                      boost::asio::use_awaitable);
  }

  void drop() { stream_->next_layer().close(); }
  /// Another connection may be accepted after `drop`.
  void renew() {
    // Assigning would leak: Asio's SSL engine does not free what it had.
    stream_ = std::make_unique<Stream>(acceptor_.get_executor(), *tls_);
    buffer_.clear();
  }
  void stop_listening() { acceptor_.close(); }

  /// Whether somebody waits to connect a second time.
  [[nodiscard]] bool second_connection() {
    acceptor_.non_blocking(true);
    boost::asio::ip::tcp::socket other{acceptor_.get_executor()};
    boost::system::error_code none;
    acceptor_.accept(other, none);
    return !none;
  }

 private:
  using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

  boost::asio::ip::tcp::acceptor acceptor_;
  net::TlsContext tls_;
  std::unique_ptr<Stream> stream_;
  std::string buffer_;
};

inline constexpr const char* openai_sdp =
    "v=0\r\no=- 2113971860 2113971862 IN IP4 203.0.113.5\r\ns=OAI\r\nc=IN IP4 203.0.113.5\r\n"
    "t=0 0\r\nm=audio 43955 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-16\r\na=ptime:20\r\na=rtpmap:0 PCMU/8000\r\n";

inline std::string openai_answer(const std::string& invite, const std::string& contact) {
  const std::string body = openai_sdp;
  return response_to(invite, "200 OK") + "Contact: " + contact +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Accepts and answers as OpenAI does; returns the ACK.
inline boost::asio::awaitable<std::string> answer_call(RawPeer& peer) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string answer = openai_answer(invite, "<sip:OAI@192.0.2.1>");
  co_await peer.send(std::move(answer));
  std::string ack = co_await peer.receive();
  co_return ack;
}

}  // namespace offhook::test
