// Threads that prepare items ahead of time and hand them out in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ablate {

/// One thread at a time calls `plan`, in order; all of them call `finish`, at once, so that it may share only
/// what several threads may read. next() is for one thread: what it returns, and in which order, does not
/// depend on the number of threads. At most `ahead` items are planned but not handed out, which bounds the
/// memory. An exception of either function comes out of next(), in the place of its item.
template <typename Plan, typename Item>
class OrderedLoader {
 public:
  /// With 0 `threads` all work is done in next().
  OrderedLoader(std::function<Plan()> plan, std::function<Item(Plan)> finish, std::size_t threads,
                std::size_t ahead)
      : plan_(std::move(plan)), finish_(std::move(finish)), ahead_(static_cast<std::int64_t>(ahead)) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  OrderedLoader(const OrderedLoader&) = delete;
  OrderedLoader& operator=(const OrderedLoader&) = delete;
  ~OrderedLoader() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Item next() {
    if (threads_.empty()) return finish_(plan_());
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return done_.count(taken_) > 0; });
    Result result = std::move(done_.extract(taken_).mapped());
    if (result.error) {
      done_.emplace(taken_, Result{.item = {}, .error = result.error});  // Every later call says the same.
      std::rethrow_exception(result.error);
    }
    ++taken_;
    lock.unlock();
    room_.notify_one();
    return std::move(*result.item);
  }

 private:
  struct Result {
    std::optional<Item> item;
    std::exception_ptr error;
  };

  void work() {
    while (true) {
      Result result;
      std::int64_t ticket = 0;
      std::optional<Plan> plan;
      {
        const std::lock_guard planning(planning_);
        {
          std::unique_lock lock(mutex_);
          room_.wait(lock, [&] { return stop_ || planned_ < taken_ + ahead_; });
          if (stop_) return;
          ticket = planned_++;
        }
        try {
          plan = plan_();
        } catch (...) {
          result.error = std::current_exception();
          const std::lock_guard lock(mutex_);
          stop_ = true;  // Nothing can be planned after it.
        }
      }
      if (plan) try {
          result.item = finish_(std::move(*plan));
        } catch (...) {
          result.error = std::current_exception();
        }
      {
        const std::lock_guard lock(mutex_);
        done_.emplace(ticket, std::move(result));
      }
      ready_.notify_one();
    }
  }

  std::function<Plan()> plan_;
  std::function<Item(Plan)> finish_;
  const std::int64_t ahead_;
  std::mutex planning_;  ///< Held while planning; taken before mutex_.
  std::mutex mutex_;     ///< Protects what stands below.
  std::condition_variable room_, ready_;
  std::map<std::int64_t, Result> done_;  ///< The key is an item's ticket.
  std::int64_t planned_ = 0, taken_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ablate
