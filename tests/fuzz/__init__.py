"""Coverage-guided fuzzing of everything that reads what the other end sent.

    python -m tests.fuzz --seconds 60

``targets`` says what is fuzzed and what must hold; ``test_fuzz`` runs a short round in the suite.
"""
