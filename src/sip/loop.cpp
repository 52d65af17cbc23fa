#include "sip/loop.hpp"

#include <chrono>
#include <future>
#include <system_error>
#include <utility>

#include "sip/loop_impl.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

// libre's descriptor table is indexed by number and fixed at first use. The RTP sockets of many
// calls push the numbers of SIP connections up.
constexpr int descriptor_table_size = 65'536;

/// How long a goodbye may take once nobody waits for it any more.
constexpr std::chrono::milliseconds goodbye_limit{200};

/// What libre wants once per process. Its warnings about peers are reported as values instead.
bool prepare_process() noexcept {
  static const bool ready = [] {
    dbg_init(2, 0);
    return libre_init() == 0;
  }();
  return ready;
}

}  // namespace

Result<> Loop::Impl::start() {
  std::promise<bool> ready;
  std::future<bool> result = ready.get_future();
  try {
    thread_ = std::thread{[this, &ready] {
      const bool ok = set_up();
      {
        const std::lock_guard lock{mutex_};
        state_ = ok ? State::running : State::failed;
      }
      ready.set_value(ok);
      if (ok) {
        run();
      }
    }};
  } catch (const std::system_error& failure) {
    return fail(Errc::internal, std::string{"sip: cannot start a thread: "} + failure.what());
  }
  if (!result.get()) {
    thread_.join();
    return fail(Errc::internal, "sip: libre's event loop cannot be set up");
  }
  return {};
}

bool Loop::Impl::set_up() noexcept {
  if (!prepare_process() || re_thread_init() != 0) {
    return false;
  }
  mqueue* queue = nullptr;
  const auto on_wake = [](int, void*, void* self) noexcept { static_cast<Impl*>(self)->drain(); };
  dnsc* client = nullptr;
  bool ok = fd_setsize(descriptor_table_size) == 0 && mqueue_alloc(&queue, on_wake, this) == 0;
  wake_.reset(queue);
  if (ok) {
    stub_ = DnsStub::start(resolver_, [this](std::function<void()> task) {
      static_cast<void>(post(std::move(task)));
    });
    ok = stub_ != nullptr && dnsc_alloc(&client, nullptr, &stub_->address(), 1) == 0;
    dns_.reset(client);
  }
  if (!ok) {
    dns_.reset();
    stub_.reset();
    wake_.reset();
    re_thread_close();
  }
  return ok;
}

void Loop::Impl::run() noexcept {
  static_cast<void>(re_main(nullptr));
  std::vector<std::function<void()>> unrun;
  {
    const std::lock_guard lock{mutex_};
    state_ = State::stopped;
    unrun.swap(tasks_);
    wake_.reset();
  }
  unrun.clear();
  dns_.reset();
  stub_.reset();
  re_thread_close();
}

bool Loop::Impl::post(std::function<void()> task) {
  const std::lock_guard lock{mutex_};
  if (state_ != State::running && state_ != State::stopping) {
    return false;
  }
  const bool wake = tasks_.empty();
  tasks_.push_back(std::move(task));
  // At most one wake-up is under way, so the pipe behind the queue cannot fill up and lose some.
  if (wake) {
    static_cast<void>(mqueue_push(wake_.get(), 0, nullptr));
  }
  return true;
}

void Loop::Impl::drain() noexcept {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock{mutex_};
    batch.swap(tasks_);
  }
  for (auto& task : batch) {
    task();
    task = nullptr;
  }
}

void Loop::Impl::stack_released(const Stack& stack) noexcept {
  std::erase(stacks_, &stack);
  if (stopping_ && stacks_.empty()) {
    re_cancel();
  }
}

void Loop::Impl::begin_to_stop() {
  stopping_ = true;
  if (stacks_.empty()) {
    re_cancel();
    return;
  }
  const std::vector<Stack*> left = stacks_;
  for (Stack* stack : left) {
    stack->close(goodbye_limit, nullptr);
  }
}

void Loop::Impl::stop() {
  if (!thread_.joinable()) {
    return;
  }
  static_cast<void>(post([this] { begin_to_stop(); }));
  {
    const std::lock_guard lock{mutex_};
    if (state_ == State::running) {
      state_ = State::stopping;
    }
  }
  thread_.join();
}

Result<std::unique_ptr<Loop>> Loop::start() {
  auto impl = std::make_shared<Impl>();
  auto started = impl->start();
  if (!started) {
    return fail(std::move(started).error());
  }
  return std::unique_ptr<Loop>{new Loop{std::move(impl)}};
}

Loop::Loop(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Loop::~Loop() {
  if (impl_ != nullptr) {
    impl_->stop();
  }
}

bool Loop::post(std::function<void()> task) { return impl_->post(std::move(task)); }

}  // namespace offhook::sip
