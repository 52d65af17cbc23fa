#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/timeline.hpp"
#include "call/call_audio.hpp"
#include "call/call_options.hpp"
#include "call/call_result.hpp"
#include "media/engine.hpp"
#include "sip/endpoint.hpp"

namespace offhook::call {

/// The SIP and media half of one outbound call. Control thread only; everything it refers to must
/// outlive it.
class PhoneLeg {
 public:
  PhoneLeg(boost::asio::any_io_executor control,
           sip::Loop& sip_loop,
           media::Engine& engine,
           Timeline& timeline,
           CallAudio& audio,
           PhoneOptions options,
           std::string call_header_id);

  /// Binds the media sockets, starts the TLS endpoint and sends the INVITE.
  [[nodiscard]] boost::asio::awaitable<Result<>> dial();

  /// Goes with the call through answer and media until it ends, and says how. When SRTP is refused
  /// with 488 and only preferred, dials once more with plain RTP.
  [[nodiscard]] boost::asio::awaitable<Ending> follow();

  /// Goodbye as fits the state (CANCEL or BYE), then the endpoint is closed. Call it always.
  ///
  /// @return true when the peer knows that the call is over: it said so itself, or answered our
  ///         goodbye. When not, somebody has to hang up by another way.
  [[nodiscard]] boost::asio::awaitable<bool> part();

  [[nodiscard]] bool answered() const noexcept { return stream_.has_value(); }
  /// Any response to the INVITE has come.
  [[nodiscard]] bool heard_from_peer() const noexcept { return heard_from_peer_; }

  /// Queues DTMF; before the answer, or where not negotiated, it is refused on the timeline.
  void send_digits(std::string_view digits);

  [[nodiscard]] const std::string& sip_call_id() const noexcept { return sip_call_id_; }
  [[nodiscard]] const std::optional<sip::NegotiatedMedia>& media() const noexcept { return media_; }
  [[nodiscard]] media::StreamStats stats() const;

 private:
  [[nodiscard]] Result<> invite(sip::SdpProfile profile);
  [[nodiscard]] boost::asio::awaitable<Ending> follow_signalling();
  [[nodiscard]] boost::asio::awaitable<Ending> watch_media();
  [[nodiscard]] boost::asio::awaitable<Result<>> wait_for_goodbye();
  [[nodiscard]] std::optional<Ending> on_event(const sip::CallEvent& event);
  [[nodiscard]] std::optional<Ending> on_closed(const sip::CallEvent& event);
  [[nodiscard]] std::optional<Ending> on_answered(const sip::CallEvent& event);
  [[nodiscard]] std::optional<Ending> on_failed(const sip::CallEvent& event);
  void on_media_changed(const sip::NegotiatedMedia& media);
  void drain_media_events();
  /// Every 5 s of media: how it sounds.
  void mark_quality();
  [[nodiscard]] audio::CodecId codec() const;
  [[nodiscard]] media::StreamConfig stream_config(const sip::NegotiatedMedia& media) const;

  boost::asio::any_io_executor control_;
  sip::Loop& sip_loop_;
  media::Engine& engine_;
  Timeline& timeline_;
  CallAudio& audio_;
  PhoneOptions options_;
  std::string call_header_id_;

  std::unique_ptr<sip::Endpoint> endpoint_;
  std::optional<media::MediaSockets> sockets_;
  std::optional<sip::MediaOffer> offer_;
  std::optional<sip::Call> call_;
  std::optional<sip::NegotiatedMedia> media_;
  std::optional<media::Stream> stream_;
  std::optional<media::StreamStats> final_stats_;
  media::StreamStats quality_from_{};  ///< When the last mark was made.
  std::chrono::steady_clock::time_point next_quality_{};
  std::string sip_call_id_;
  std::string local_address_;
  bool heard_from_peer_ = false;
  bool over_ = false;  // no dialog and no transaction is left
  bool peer_knows_ = false;
};

}  // namespace offhook::call
