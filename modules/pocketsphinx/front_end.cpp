#include "front_end.hpp"

#include <algorithm>

namespace offhook::pocketsphinx {

DecoderHandle start_decoder(const std::string& folder, const std::vector<std::string>& options) {
  std::vector<std::string> words{"offhook",
                                 "-hmm",
                                 acoustic_model,
                                 "-featparams",
                                 folder + "/feat.params",
                                 "-lm",
                                 folder + "/telephone.arpa",
                                 "-dict",
                                 folder + "/telephone.dict",
                                 "-logfn",
                                 "/dev/null"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  // The decoder holds on to its settings by itself.
  const CHandle<cmd_ln_t, cmd_ln_free_r> config{cmd_ln_parse_r(
      nullptr, ps_args(), static_cast<int>(arguments.size()), arguments.data(), TRUE)};
  return DecoderHandle{config == nullptr ? nullptr : ps_init(config.get())};
}

bool FrontEnd::open(ps_decoder_t* decoder) {
  front_end_.reset(fe_init_auto_r(ps_get_config(decoder)));
  return front_end_ != nullptr;
}

std::vector<Cepstra> FrontEnd::analyse(const std::vector<std::int16_t>& samples) {
  std::vector<Cepstra> frames;
  fe_start_stream(front_end_.get());
  fe_start_utt(front_end_.get());
  const std::int16_t* next = samples.data();
  std::size_t left = samples.size();
  const Rows rows{block};
  const auto keep = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Cepstra frame{};
      std::copy_n(rows.get()[i], cepstra_size, frame.begin());
      frames.push_back(frame);
    }
  };
  for (;;) {
    int32 count = block;
    int32 ignored = 0;
    fe_process_frames(front_end_.get(), &next, &left, rows.get(), &count, &ignored);
    keep(count);
    if (count == 0 || left == 0) {
      break;
    }
  }
  int32 last = 0;
  fe_end_utt(front_end_.get(), rows.get()[0], &last);
  keep(last);
  return frames;
}

}  // namespace offhook::pocketsphinx
