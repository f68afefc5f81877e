"""Signal models: a calibrated forecast of the sign of the next five sessions, trained, kept and served honestly.

Machine-learning libraries are imported here and nowhere else; the rest of the product asks over HTTP (`client.py`).
"""
