#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace offhook::bench {

/// What every caller says, as RTP payloads of 20 ms.
struct Question {
  std::vector<std::vector<std::uint8_t>> speech;
  std::vector<std::uint8_t> silence;
  int payload_type = 0;
  std::uint32_t ticks = 160;      ///< Of the RTP clock in 20 ms.
  bool loud_by_size = false;      ///< Opus: sound is what needs more bytes than silence.
  int first_after_packets = 100;  ///< From the answer to the first question.
  int every_packets = 500;        ///< From one question to the next.
};

/// What was heard while `record` was on.
struct Heard {
  std::vector<double> late_ms;     ///< Of every packet, against the earliest of its line.
  std::vector<double> answers_ms;  ///< From the end of a question to the first sound of the answer.
  std::size_t questions = 0;
  std::size_t lost = 0;             ///< Packets, by their numbers.
  std::vector<double> own_late_ms;  ///< Our own packets, against their plan.
};

/// The callers' ends of plain RTP: one thread sends for all of them, and reads what came, with the
/// times at which the kernel took it. The lines spread over the 20 ms.
class Lines {
 public:
  Lines(std::size_t count, Question question);
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines();

  [[nodiscard]] std::uint16_t port(std::size_t line) const;
  /// The call was answered: RTP goes there from now on.
  void connect(std::size_t line, const std::string& address, std::uint16_t port);
  void record(bool on) { recording_ = on; }
  /// Ends the thread. @return what was heard.
  [[nodiscard]] Heard finish();

 private:
  struct Line;
  void run();
  void send(Line& line, std::int64_t now_ns);
  void receive(Line& line);

  Question question_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<double> own_late_ms_;
  std::atomic<bool> recording_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace offhook::bench
