"""The paper's tensor operations: each is one public function that checks its input and has a pure torch form."""
