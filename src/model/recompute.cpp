#include "model/recompute.hpp"

#include <torch/torch.h>

#include <memory>

namespace ablate {

namespace {

using Block = std::function<torch::Tensor(const torch::Tensor&)>;

struct BlockHolder : torch::CustomClassHolder {
  explicit BlockHolder(Block held) : block(std::move(held)) {}
  Block block;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const c10::intrusive_ptr<BlockHolder>& holder) {
    context->save_for_backward({x});
    context->saved_data["block"] = c10::IValue::make_capsule(holder);
    const torch::NoGradGuard no_grad;
    return holder->block(x);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const torch::AutoGradMode with_grad(true);
    torch::Tensor x = context->get_saved_variables()[0].detach().requires_grad_(true);
    const auto holder =
        c10::static_intrusive_pointer_cast<BlockHolder>(context->saved_data["block"].toCapsule());
    const torch::Tensor y = holder->block(x);
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor maybe_recompute(bool recompute, const torch::Tensor& x, Block block) {
  if (!recompute || !torch::GradMode::is_enabled()) return block(x);
  return Recomputed::apply(x, c10::make_intrusive<BlockHolder>(std::move(block)));
}

}  // namespace ablate
