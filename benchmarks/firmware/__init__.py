"""The price of a decision: latency in clocks and resources of RTL beside the float network's AUROC."""
