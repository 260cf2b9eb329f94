"""The forward pass in OpenVINO."""

import openvino

from .export import Answering


class ForwardPeer(Answering):
    """The exported graph in float32: by itself the library takes bfloat16 where the processor has it."""

    name = "OpenVINO"
    gates_joined = False  # it joins what lies between two products by itself

    def compiled(self, graph):
        """A request."""
        core = openvino.Core()
        options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        return core.compile_model(core.read_model(graph), "CPU", options).create_infer_request()

    def forward(self, batch):
        """Logits (B, classes), overwritten by the next pass."""
        request, rows = batch
        request.set_input_tensor(openvino.Tensor(rows, shared_memory=True))
        request.infer()
        return request.get_output_tensor().data
