"""What `gca_scratch.runs` offers, by name."""

from gca_scratch import runs


def test_runs_offer():
    offered = (
        "DATASETS Source Split dataset_of divide load_data make_split outcome read_config read_history read_result "
        "refuse_used reload retest run summary test usual_protocol write_config write_history"
    )
    assert sorted(runs.__all__) == sorted(offered.split())
    assert all(hasattr(runs, name) for name in runs.__all__)
