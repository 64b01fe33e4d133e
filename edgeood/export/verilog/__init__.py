"""Fused network → RTL: the fixed-point graph as logic, traced by alkaid, and a Verilog project around it."""
