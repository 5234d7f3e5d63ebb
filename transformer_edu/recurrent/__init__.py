"""What did attention replace? Networks that read one token after the other."""

from transformer_edu.recurrent.additive_attention import AdditiveAttention, Source
from transformer_edu.recurrent.bidirectional import BidirectionalLSTM
from transformer_edu.recurrent.depth import longest_chain
from transformer_edu.recurrent.encoder_decoder import LookingState, RecurrentEncoderDecoder
from transformer_edu.recurrent.fixed_vector import FixedVectorEncoderDecoder
from transformer_edu.recurrent.gnmt import GNMT, GNMTEncoder, StackState
from transformer_edu.recurrent.gradient import each_to_each, last_to_each
from transformer_edu.recurrent.lstm import LSTM, LSTMState, lstm_cell
from transformer_edu.recurrent.rnn import RNN, RNNState, rnn_cell
from transformer_edu.recurrent.scan import Scanned, scan
from transformer_edu.recurrent.teacher_forcing import teacher_forced
from transformer_edu.recurrent.truncated import detach_state, truncated, truncated_reach
from transformer_edu.recurrent.weights import uniform_weight

__all__ = [
    "GNMT",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "BidirectionalLSTM",
    "FixedVectorEncoderDecoder",
    "GNMTEncoder",
    "LSTMState",
    "LookingState",
    "RNNState",
    "RecurrentEncoderDecoder",
    "Scanned",
    "Source",
    "StackState",
    "detach_state",
    "each_to_each",
    "last_to_each",
    "longest_chain",
    "lstm_cell",
    "rnn_cell",
    "scan",
    "teacher_forced",
    "truncated",
    "truncated_reach",
    "uniform_weight",
]
