"""What is done with trained models: answers, explanations, copies for other runtimes. No training needs it.

So an edit here makes no training stale, which dvc.yaml would have it otherwise.
"""
